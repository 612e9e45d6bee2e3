// Package taskfile reads and writes files of tasks. The formats are JSON with one task
// per line, and CSV with a header. Only the ids of the tasks that were read are kept in
// memory.
package taskfile

import (
	"strings"
	"time"

	"github.com/google/uuid"

	"taskctl/pkg/task"
)

// Format is the form of a file.
type Format string

// The formats.
const (
	JSONL Format = "jsonl"
	CSV   Format = "csv"
)

// Valid reports whether f is one of the formats.
func (f Format) Valid() bool { return f == JSONL || f == CSV }

// FormatOf returns the format of a file by its name.
func FormatOf(name string) Format {
	if strings.HasSuffix(strings.ToLower(name), ".csv") {
		return CSV
	}
	return JSONL
}

// Columns are the names of a task's values, in the order of a CSV file.
func Columns() []string {
	return []string{"id", "title", "description", "completed", "created_at", "updated_at"}
}

// values are the values of a task in a file.
type values struct {
	ID          string `json:"id"`
	Title       string `json:"title"`
	Description string `json:"description"`
	Completed   bool   `json:"completed"`
	CreatedAt   string `json:"created_at"`
	UpdatedAt   string `json:"updated_at"`
}

// task checks the values. A missing time becomes the zero time.
func (v *values) task() (t task.Task, bad *LineError) {
	const uuidLength = 36 // package uuid accepts other forms, too
	if len(v.ID) != uuidLength || uuid.Validate(v.ID) != nil {
		return t, &LineError{Fault: FaultID, Field: "id", Value: v.ID}
	}
	t = task.Task{ID: strings.ToLower(v.ID), Description: v.Description, Completed: v.Completed}
	var err error
	if t.Title, err = task.NormalizeTitle(v.Title); err != nil {
		return t, textError("title", v.Title, task.MaxTitle)
	}
	if task.CheckDescription(v.Description) != nil {
		return t, textError("description", v.Description, task.MaxDescription)
	}
	if t.CreatedAt, bad = timeOf("created_at", v.CreatedAt); bad != nil {
		return t, bad
	}
	if t.UpdatedAt, bad = timeOf("updated_at", v.UpdatedAt); bad != nil {
		return t, bad
	}
	if v.UpdatedAt == "" {
		t.UpdatedAt = t.CreatedAt
	}
	if t.UpdatedAt.Before(t.CreatedAt) {
		return t, &LineError{Fault: FaultOrder, Field: "updated_at"}
	}
	return t, nil
}

func timeOf(field, text string) (time.Time, *LineError) {
	if text == "" {
		return time.Time{}, nil
	}
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return t, &LineError{Fault: FaultTime, Field: field, Value: text}
	}
	return task.Timestamp(t), nil
}
