package task

import (
	"strconv"
	"time"
)

// EventType says what happened to a task.
type EventType string

// The types of event. They are part of the wire format.
const (
	Created EventType = "task_created"
	Updated EventType = "task_updated"
	Deleted EventType = "task_deleted"
)

// Valid reports whether t is one of the event types.
func (t EventType) Valid() bool { return t == Created || t == Updated || t == Deleted }

// EventTypeOf returns the constant that equals s, so that s is not kept in memory;
// false if it is not an event type.
func EventTypeOf(s []byte) (EventType, bool) {
	for _, t := range [...]EventType{Created, Updated, Deleted} {
		if string(s) == string(t) {
			return t, true
		}
	}
	return "", false
}

// Event is one change of one task, as stored in the log.
type Event struct {
	Seq    uint64 // without gaps: the previous event has Seq-1
	Type   EventType
	TaskID string
	Time   time.Time // UTC, whole milliseconds

	// Task is the whole task as JSON (after the change; for Deleted, as it was),
	// encoded once when the event was created. Receivers must not write to it.
	Task []byte
}

// AppendJSON appends the event as clients receive it: one object, without "prev". See
// [Event.AppendJSONPrev] for filtered streams.
func (e *Event) AppendJSON(dst []byte) []byte {
	return append(e.appendOpen(dst), '}')
}

// AppendJSONPrev is AppendJSON with a "prev" member: the last seq that the receiver was
// sent. With it the receiver can distinguish filtered events from lost ones.
func (e *Event) AppendJSONPrev(dst []byte, prev uint64) []byte {
	return append(AppendPrev(e.appendOpen(dst), prev), '}')
}

// AppendPrev appends the ,"prev":N that goes before an event's closing brace.
func AppendPrev(dst []byte, prev uint64) []byte {
	return strconv.AppendUint(append(dst, `,"prev":`...), prev, 10)
}

func (e *Event) appendOpen(dst []byte) []byte {
	dst = append(dst, `{"type":"`...)
	dst = append(dst, e.Type...)
	dst = append(dst, `","task":`...)
	dst = append(dst, e.Task...)
	dst = append(dst, `,"timestamp":"`...)
	dst = AppendTime(dst, e.Time)
	dst = append(dst, `","seq":`...)
	return strconv.AppendUint(dst, e.Seq, 10)
}
