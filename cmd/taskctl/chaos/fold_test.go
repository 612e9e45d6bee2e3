package chaos

import (
	"encoding/json"
	"fmt"
	"slices"

	"taskctl/pkg/task"
)

// listing is one answer to GET /tasks that holds all tasks, or the pages of one.
type listing struct {
	tasks []json.RawMessage // newest first
	seq   uint64            // the head of the log
	floor uint64            // the highest acknowledged seq before the request
}

// checkFold replays the log and compares the resulting tasks with every answer of GET
// /tasks, at its position. The last answer is from the end of the log.
func checkFold(h *history, listings []listing) error {
	listings = slices.SortedStableFunc(slices.Values(listings), func(a, b listing) int { return int(int64(a.seq) - int64(b.seq)) })
	f := fold{tasks: make(map[string]*event), made: make(map[string]uint64)}
	for seq := uint64(0); seq <= h.head(); seq++ {
		if seq > 0 {
			if what := f.apply(h.at(seq)); what != "" {
				return &violation{seq: seq, what: what}
			}
		}
		for len(listings) > 0 && listings[0].seq == seq {
			if at, what := f.compare(listings[0]); what != "" {
				return &violation{seq: at, what: fmt.Sprintf("GET /tasks at %d: %s", seq, what)}
			}
			listings = listings[1:]
		}
	}
	if len(listings) > 0 {
		return &violation{what: fmt.Sprintf("GET /tasks stood at %d, and the log ends at %d", listings[0].seq, h.head())}
	}
	return nil
}

// fold holds the tasks that result from the events up to some seq.
type fold struct {
	tasks map[string]*event // the latest event of each task that exists
	made  map[string]uint64 // the seq of its task_created
}

func (f *fold) apply(e *event) string {
	id := e.body.ID
	before := f.tasks[id]
	if (before == nil) != (e.Type == task.Created) {
		return fmt.Sprintf("event %d is %s, and the task exists: %v", e.Seq, e.Type, before != nil)
	}
	switch e.Type {
	case task.Created:
		f.tasks[id], f.made[id] = e, e.Seq
	case task.Updated:
		if !e.body.CreatedAt.Equal(before.body.CreatedAt) || e.body.UpdatedAt.Before(before.body.UpdatedAt) {
			return fmt.Sprintf("event %d turns the clock of its task back: %s", e.Seq, e.Task)
		}
		f.tasks[id] = e
	case task.Deleted:
		if string(e.Task) != string(before.Task) {
			return fmt.Sprintf("event %d deletes a task as it was not; it was\n%s", e.Seq, before.Task)
		}
		delete(f.tasks, id)
	}
	return ""
}

// compare returns the difference of a listing, and an event that shows it.
func (f *fold) compare(l listing) (seq uint64, what string) {
	if l.seq < l.floor {
		return l.floor, fmt.Sprintf("event %d had been acknowledged before it was asked", l.floor)
	}
	listed := make(map[string]bool, len(l.tasks))
	newer := uint64(1) << 63
	for _, raw := range l.tasks {
		var t taskBody
		if err := json.Unmarshal(raw, &t); err != nil {
			return 0, err.Error()
		}
		e := f.tasks[t.ID]
		switch {
		case e == nil:
			return 0, fmt.Sprintf("it has a task that the events do not have: %s", raw)
		case listed[t.ID]:
			return e.Seq, fmt.Sprintf("it has a task twice: %s", raw)
		case string(raw) != string(e.Task):
			return e.Seq, fmt.Sprintf("it has another state of a task than event %d:\n%s\n%s", e.Seq, raw, e.Task)
		case f.made[t.ID] > newer:
			return e.Seq, fmt.Sprintf("it is not sorted, newest first, at task %s", t.ID)
		}
		listed[t.ID], newer = true, f.made[t.ID]
	}
	for id, e := range f.tasks {
		if !listed[id] {
			return e.Seq, fmt.Sprintf("it lacks the task of event %d", e.Seq)
		}
	}
	return 0, ""
}
