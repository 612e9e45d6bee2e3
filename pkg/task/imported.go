package task

import "time"

// ImportResult is the effect of an import on one task.
type ImportResult uint8

// The effects of an import.
const (
	ImportUnchanged ImportResult = iota // it existed with the same values
	ImportAdded                         // it did not exist
	ImportChanged                       // it existed with other values
)

// Imported applies an import to a task, whose id and times are kept. before is the task
// of that id in the store; nil: there is none. A zero time becomes that of before, or
// now. The store assigns the version.
func Imported(t Task, before *Task, now time.Time) (Outcome, ImportResult) {
	created, updated, result, event := now, t.CreatedAt, ImportAdded, Created
	if before != nil {
		created, updated, result, event = before.CreatedAt, before.UpdatedAt, ImportChanged, Updated
	}
	if t.CreatedAt.IsZero() {
		t.CreatedAt = created
	}
	if t.UpdatedAt.IsZero() {
		t.UpdatedAt = updated
	}
	if t.UpdatedAt.IsZero() { // new, without any time
		t.UpdatedAt = t.CreatedAt
	}
	if before != nil {
		if t.Version = before.Version; t == *before {
			return Outcome{Task: t}, ImportUnchanged
		}
	}
	return Outcome{Task: t, Event: event, Time: now, Changed: true}, result
}
