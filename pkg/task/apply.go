package task

import (
	"slices"
	"time"
)

// Outcome is the result of a change.
type Outcome struct {
	Task    Task      // after the change; for Delete, as it was; without its new Version
	Event   EventType // of the change
	Time    time.Time // of the event
	Changed bool      // false: no value differs, so there is no event
}

// Apply applies the change to the existing task before, at the time now. The error says
// why the change is refused: ErrVersion, or an *InvalidError. Every store uses it for
// all changes but Create: see [Change.New].
func (c *Change) Apply(before Task, now time.Time) (Outcome, error) {
	if c.IfMatch != nil && !slices.Contains(c.IfMatch, before.Version) {
		return Outcome{}, ErrVersion
	}
	// UpdatedAt never goes back, even if the clock was set back.
	if now.Before(before.UpdatedAt) {
		now = before.UpdatedAt
	}
	if c.Kind == Delete {
		return Outcome{Task: before, Event: Deleted, Time: now, Changed: true}, nil
	}
	if err := c.Guard.Check(before); err != nil {
		return Outcome{}, err
	}
	after, changed := c.Patch.Apply(before)
	if changed {
		after.UpdatedAt = now
	}
	return Outcome{Task: after, Event: Updated, Time: now, Changed: changed}, nil
}

// New returns the result of a Create at the time now, if its id is unused.
func (c *Change) New(now time.Time) Outcome {
	t, _ := c.Patch.Apply(Task{ID: c.ID, CreatedAt: now, UpdatedAt: now})
	return Outcome{Task: t, Event: Created, Time: now, Changed: true}
}

// Encode returns the task as JSON, in new memory. A store encodes a task once per
// change, for its table, the log, the answer and all receivers.
func (t *Task) Encode() []byte {
	return t.AppendJSON(make([]byte, 0, len(t.Title)+len(t.Description)+192))
}
