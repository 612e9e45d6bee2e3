package wsserver

import (
	"strings"

	"github.com/google/uuid"

	"taskctl/pkg/task"
)

// kinds is a set of event types.
type kinds uint8

func kindOf(t task.EventType) kinds {
	switch t {
	case task.Created:
		return 1
	case task.Updated:
		return 2
	case task.Deleted:
		return 4
	}
	return 0
}

// filter selects events. A nil filter selects all events.
type filter struct {
	kinds kinds  // zero: any
	task  string // empty: any
}

func (f *filter) match(e *entry) bool {
	return (f.kinds == 0 || f.kinds&e.kind != 0) && (f.task == "" || f.task == e.task)
}

// parseFilter reads the values of the parameters types and task; nil when both
// are empty.
func parseFilter(types, id string) (*filter, error) {
	if types == "" && id == "" {
		return nil, nil
	}
	f := new(filter)
	if types != "" {
		for name := range strings.SplitSeq(types, ",") {
			kind := kindOf(task.EventType(name))
			if kind == 0 {
				return nil, task.Invalid("types", "must be a list of task_created, task_updated, task_deleted")
			}
			f.kinds |= kind
		}
	}
	if id != "" {
		u, err := uuid.Parse(id)
		if err != nil || len(id) != 36 {
			return nil, task.Invalid("task", "must be a task's id")
		}
		f.task = u.String()
	}
	return f, nil
}
