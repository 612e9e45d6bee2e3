package api

import (
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/taskctl/taskctl/pkg/access"
	"github.com/taskctl/taskctl/pkg/task"
)

// The errors that operations have, by status and name.
const (
	notJSONBody    = "400 NotJSON"
	unauthorized   = "401 Unauthorized"
	forbidden      = "403 Forbidden"
	notFound       = "404 NotFound"
	gone           = "410 Gone"
	changed        = "412 Changed"
	tooLarge       = "413 TooLarge"
	mediaTypeWrong = "415 MediaType"
	invalid        = "422 Invalid"
	unavailable    = "503 Unavailable"
	otherProblem   = "default Problem"
)

// refusal describes an error status by errors that have it: the examples are put
// through the same table as the errors of requests.
type refusal struct {
	description string
	examples    []error
}

func refusals() map[string]refusal {
	denied := func(status int, reason string) []error {
		return []error{&deniedError{&access.Denied{Status: status, Reason: reason}}}
	}
	two := faults{{Field: "title", Reason: "must not be empty"}, {Field: "completed", Reason: "must be true or false"}}
	head := task.Position{Epoch: exampleEpoch, Seq: 42}
	return map[string]refusal{
		notJSONBody:    {"The body is not JSON: broken, cut off, not UTF-8, too deep, or with a name twice in one object.", []error{&syntaxError{"the body ends before its JSON does"}}},
		unauthorized:   {"The token is missing or wrong.", denied(http.StatusUnauthorized, "the token is missing or wrong; send Authorization: Bearer TOKEN")},
		forbidden:      {"A foreign Origin or Host.", denied(http.StatusForbidden, "this origin is not allowed; allow it in the configuration")},
		notFound:       {"There is no such task.", []error{task.ErrNotFound}},
		gone:           {"The log cannot be read from there: that history is gone, is another epoch's, or is ahead.", []error{&task.GoneError{Reason: task.GoneTooOld, Head: head}}},
		changed:        {"The task has none of the versions asked for.", []error{task.ErrVersion}},
		tooLarge:       {"The body is over 1 MiB.", []error{errTooLarge}},
		mediaTypeWrong: {"The body is not sent as JSON.", []error{errMediaType}},
		invalid:        {"A bad value or parameter, one out of range, or one that does not exist.", []error{two, task.ErrKeyReused}},
		unavailable:    {"Not now; the same request may succeed later.", []error{task.ErrUnavailable}},
		otherProblem:   {"Any other error.", []error{errMethod}},
	}
}

// parameters are those of all operations.
func parameters() map[string]*huma.Param {
	one, most := 1.0, float64(maxLimit)
	least, longestKey, longestText := 1, maxKey, maxContains
	text := func() *huma.Schema { return &huma.Schema{Type: "string"} }
	position := &huma.Schema{Type: "string", Pattern: "^([0-9A-Za-z_-]{1,64}:)?[0-9]{1,19}$"}
	all := []*huma.Param{
		{
			Name: "id", In: "path", Required: true, Schema: &huma.Schema{Type: "string", Format: "uuid"}, Example: exampleID,
			Description: "Of the task. What is not a UUID names no task: 404.",
		},
		{
			Name: "limit", In: "query", Schema: &huma.Schema{Type: "integer", Minimum: &one, Maximum: &most, Default: defaultLimit}, Example: 20,
			Description: "How many there may be in the answer.",
		},
		{
			Name: "cursor", In: "query", Schema: text(), Example: exampleCursor,
			Description: "next_cursor of the page before.",
		},
		{
			Name: "completed", In: "query", Schema: &huma.Schema{Type: "boolean"}, Example: false,
			Description: "Only tasks that are, or are not.",
		},
		{
			Name: "q", In: "query", Schema: &huma.Schema{Type: "string", MaxLength: &longestText}, Example: "prueba",
			Description: "Only tasks whose title or description contains it, any case, anywhere in a word.",
		},
		{
			Name: "since", In: "query", Schema: position, Example: exampleEpoch + ":41",
			Description: "A position, EPOCH:SEQ: the events after it are wanted. SEQ alone is of the current epoch, and 0 the beginning.",
		},
		{
			Name: "Last-Event-ID", In: "header", Schema: position, Example: exampleEpoch + ":41",
			Description: "With text/event-stream, the same as since, and stronger: browsers send it when they come back.",
		},
		{
			Name: "If-Match", In: "header", Schema: text(), Example: `"42"`,
			Description: "Only if the task has one of these ETags, or * for any. A weak one never matches.",
		},
		{
			Name: "If-None-Match", In: "header", Schema: text(), Example: `"42"`,
			Description: "Only if the task has none of these ETags: else 304.",
		},
		{
			Name: "Idempotency-Key", In: "header", Schema: &huma.Schema{Type: "string", MinLength: &least, MaxLength: &longestKey}, Example: "5f0c7b1e",
			Description: "Kept for 24 hours: the same key with the same request gets the same answer and nothing is written twice; with another request it is an error.",
		},
	}
	byName := make(map[string]*huma.Param, len(all))
	for _, p := range all {
		byName[p.Name] = p
	}
	return byName
}

// answerHeaders are those of all answers.
func answerHeaders() map[string]*huma.Header {
	text := func(description, example string) *huma.Header {
		return &huma.Header{Description: description, Example: example, Schema: &huma.Schema{Type: "string"}}
	}
	return map[string]*huma.Header{
		"ETag":             text("The version of the task, strong.", `"42"`),
		"Location":         text("The path of the task.", "/tasks/"+exampleID),
		"Taskctl-Position": text("EPOCH:SEQ: where the answer stands in the event log.", exampleEpoch+":42"),
		"X-Request-Id":     text("The id that the client sent, or one that was made for the request; the log has it too.", "h2k4m6p8-42"),
		"Allow":            text("The methods of the resource.", "GET, HEAD, POST, OPTIONS"),
		"WWW-Authenticate": text("How to authorize.", access.Challenge),
		"Retry-After":      {Description: "In seconds.", Example: 1, Schema: &huma.Schema{Type: "integer"}},
	}
}
