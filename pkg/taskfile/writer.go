package taskfile

import (
	"bufio"
	"encoding/csv"
	"io"
	"strconv"

	"taskctl/pkg/task"
)

// Writer writes the tasks of a file.
type Writer struct {
	lines *bufio.Writer
	csv   *csv.Writer // nil for JSONL
	err   error
}

// NewWriter returns a Writer of a file in the format.
func NewWriter(w io.Writer, format Format) *Writer {
	f := &Writer{lines: bufio.NewWriter(w)}
	if format == CSV {
		f.csv = csv.NewWriter(f.lines)
		f.err = f.csv.Write(Columns())
	}
	return f
}

// Write adds a task.
func (w *Writer) Write(r task.Record) error {
	if w.err != nil {
		return w.err
	}
	if w.csv == nil {
		_, w.err = w.lines.Write(r.JSON)
		if w.err == nil {
			w.err = w.lines.WriteByte('\n')
		}
		return w.err
	}
	t, err := r.Task()
	if err != nil {
		return err
	}
	w.err = w.csv.Write([]string{
		t.ID, t.Title, t.Description, strconv.FormatBool(t.Completed),
		string(task.AppendTime(nil, t.CreatedAt)), string(task.AppendTime(nil, t.UpdatedAt)),
	})
	return w.err
}

// Flush writes buffered data.
func (w *Writer) Flush() error {
	if w.csv != nil {
		w.csv.Flush()
		if w.err == nil {
			w.err = w.csv.Error()
		}
	}
	if w.err != nil {
		return w.err
	}
	return w.lines.Flush()
}
