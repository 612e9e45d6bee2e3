package api

import "time"

// The types below describe bodies in the OpenAPI document, and bodies that are
// rarely sent are encoded from them. Tasks, pages and events are encoded by hand;
// a test holds that they look as described here.

type taskBody struct {
	ID          string    `json:"id" format:"uuid" readOnly:"true" doc:"A UUIDv7."`
	Title       string    `json:"title" minLength:"1" maxLength:"200"`
	Description string    `json:"description" maxLength:"10000"`
	Completed   bool      `json:"completed"`
	CreatedAt   time.Time `json:"created_at" readOnly:"true" doc:"RFC 3339 in UTC."`
	UpdatedAt   time.Time `json:"updated_at" readOnly:"true" doc:"RFC 3339 in UTC."`
}

type newTaskBody struct {
	Title       string `json:"title" minLength:"1" maxLength:"200" doc:"White space around it is trimmed before its characters are counted."`
	Description string `json:"description,omitzero" maxLength:"10000"`
	Completed   bool   `json:"completed,omitzero"`
}

type replaceTaskBody struct {
	Title       string    `json:"title" minLength:"1" maxLength:"200" doc:"White space around it is trimmed before its characters are counted."`
	Description string    `json:"description,omitzero" maxLength:"10000" doc:"Absent: becomes empty."`
	Completed   bool      `json:"completed,omitzero" doc:"Absent: becomes false."`
	ID          string    `json:"id,omitzero" format:"uuid" doc:"May be sent back, unchanged."`
	CreatedAt   time.Time `json:"created_at,omitzero" doc:"May be sent back, unchanged."`
	UpdatedAt   time.Time `json:"updated_at,omitzero" doc:"May be sent back, unchanged."`
}

type patchTaskBody struct {
	Title       string    `json:"title,omitzero" minLength:"1" maxLength:"200" doc:"White space around it is trimmed before its characters are counted."`
	Description *string   `json:"description,omitzero" nullable:"true" maxLength:"10000" doc:"null: becomes empty."`
	Completed   *bool     `json:"completed,omitzero" nullable:"true" doc:"null: becomes false."`
	ID          string    `json:"id,omitzero" format:"uuid" doc:"May be sent back, unchanged."`
	CreatedAt   time.Time `json:"created_at,omitzero" doc:"May be sent back, unchanged."`
	UpdatedAt   time.Time `json:"updated_at,omitzero" doc:"May be sent back, unchanged."`
}

type pageBody struct {
	Tasks      []taskBody `json:"tasks" nullable:"false" doc:"Newest first."`
	NextCursor string     `json:"next_cursor,omitzero" doc:"For the parameter cursor of the next page; absent on the last."`
	Seq        uint64     `json:"seq" doc:"The number of the last event that the page has seen."`
	Epoch      string     `json:"epoch" doc:"The name of the event log."`
}

type eventBody struct {
	Type      string    `json:"type" enum:"task_created,task_updated,task_deleted"`
	Task      taskBody  `json:"task" doc:"The whole task after the change; where it was deleted, as it was."`
	Timestamp time.Time `json:"timestamp" doc:"RFC 3339 in UTC."`
	Seq       uint64    `json:"seq" doc:"Rises by exactly one per event over the life of a database."`
}

type eventsBody struct {
	Events []eventBody `json:"events" nullable:"false" doc:"Oldest first, without a gap."`
	Seq    uint64      `json:"seq" doc:"Where to go on: the number of the last event here, or of the last there is where none is left."`
	Epoch  string      `json:"epoch" doc:"The name of the event log."`
}

type healthBody struct {
	Status  string `json:"status" enum:"ok" doc:"The process answers."`
	Version string `json:"version" doc:"Of the program."`
}

type readinessBody struct {
	Status string `json:"status" enum:"ready" doc:"The task store answers."`
	Link   string `json:"link" enum:"connected,down,unknown" doc:"To the notification server. While it is down, that reads the event log by itself."`
	Seq    uint64 `json:"seq" doc:"The number of the last event."`
	Epoch  string `json:"epoch" doc:"The name of the event log."`
}

// problemBody is RFC 9457's problem details.
type problemBody struct {
	Type   string      `json:"type" format:"uri" doc:"Which kind of problem, for programs."`
	Title  string      `json:"title" doc:"The status in words."`
	Status int         `json:"status" doc:"The HTTP status."`
	Detail string      `json:"detail" doc:"What is wrong, for people."`
	Field  string      `json:"field,omitzero" doc:"The first member, parameter or header at fault."`
	Errors []faultBody `json:"errors,omitzero" nullable:"false" doc:"Everything that is at fault."`
	Reason string      `json:"reason,omitzero" enum:"epoch,too_old,ahead" doc:"With 410: why the log cannot be read from there."`
	Seq    *uint64     `json:"seq,omitzero" nullable:"false" doc:"With 410: the number of the last event there is."`
	Epoch  string      `json:"epoch,omitzero" doc:"With 410: the name of the event log."`
}

type faultBody struct {
	Field   string `json:"field" doc:"The member, parameter or header."`
	Message string `json:"message" doc:"Completes the sentence that the field begins."`
}
