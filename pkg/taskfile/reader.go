package taskfile

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"errors"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/google/uuid"

	"taskctl/pkg/task"
)

// maxLine bounds the length of a line, in bytes.
const maxLine = 1 << 20

// Reader reads the tasks of a file.
type Reader struct {
	next  func() (values, int, error)
	lines map[uuid.UUID]int32 // of the tasks so far: 20 to 50 bytes each
}

// NewReader returns a Reader of a file in the format.
func NewReader(r io.Reader, format Format) *Reader {
	next := (&jsonReader{lines: bufio.NewReaderSize(r, maxLine)}).next
	if format == CSV {
		next = (&csvReader{csv: newCSV(r)}).next
	}
	return &Reader{next: next, lines: make(map[uuid.UUID]int32)}
}

// Next returns the next task and its line; io.EOF after the last one, and a *LineError
// for an invalid line.
func (r *Reader) Next() (t task.Task, line int, err error) {
	v, line, err := r.next()
	if err != nil {
		return t, line, err
	}
	t, bad := v.task()
	if bad == nil {
		bad = r.notBefore(t.ID, line)
	}
	if bad != nil {
		bad.Line = line
		return t, line, bad
	}
	return t, line, nil
}

// notBefore refuses a second task with the same id: each import of such a file would
// change that task twice.
func (r *Reader) notBefore(id string, line int) *LineError {
	key := uuid.MustParse(id)
	if earlier, found := r.lines[key]; found {
		return &LineError{Fault: FaultSameID, Field: "id", Value: strconv.Itoa(int(earlier))}
	}
	r.lines[key] = int32(min(line, math.MaxInt32))
	return nil
}

type jsonReader struct {
	lines *bufio.Reader
	line  int
}

func (r *jsonReader) next() (v values, line int, err error) {
	for {
		text, err := r.lines.ReadSlice('\n')
		r.line++
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
			return v, r.line, r.skipLong()
		case err != nil && (!errors.Is(err, io.EOF) || len(text) == 0):
			return v, r.line, err
		}
		text = bytes.TrimSpace(text)
		if len(text) == 0 {
			continue
		}
		if err := json.Unmarshal(text, &v, json.RejectUnknownMembers(true)); err != nil {
			bad := jsonError(text, err)
			bad.Line = r.line
			return v, r.line, bad
		}
		return v, r.line, nil
	}
}

// skipLong reads to the end of a line that is too long.
func (r *jsonReader) skipLong() error {
	for {
		_, err := r.lines.ReadSlice('\n')
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
			continue
		case err != nil && !errors.Is(err, io.EOF):
			return err
		}
		return &LineError{Line: r.line, Fault: FaultLineTooLong, Value: strconv.Itoa(maxLine)}
	}
}

type csvReader struct {
	csv    *csv.Reader
	header []string
}

func newCSV(r io.Reader) *csv.Reader {
	c := csv.NewReader(r)
	c.FieldsPerRecord = -1 // see next
	return c
}

func (r *csvReader) next() (v values, line int, err error) {
	if r.header == nil {
		if err := r.readHeader(); err != nil {
			return v, 1, err
		}
	}
	fields, err := r.csv.Read()
	var syntax *csv.ParseError
	if errors.As(err, &syntax) {
		return v, syntax.Line, &LineError{Line: syntax.Line, Fault: FaultQuote}
	}
	if err != nil {
		return v, 0, err
	}
	line, _ = r.csv.FieldPos(0)
	if len(fields) != len(r.header) {
		return v, line, &LineError{Line: line, Fault: FaultColumns, Value: strconv.Itoa(len(fields))}
	}
	for i, name := range r.header {
		if bad := v.set(name, fields[i]); bad != nil {
			bad.Line = line
			return v, line, bad
		}
	}
	return v, line, nil
}

func (r *csvReader) readHeader() error {
	header, err := r.csv.Read()
	if err != nil {
		return err
	}
	header[0] = strings.TrimPrefix(header[0], "\ufeff") // a byte order mark, which spreadsheets write
	for i, name := range header {
		switch {
		case !slices.Contains(Columns(), name):
			return &HeaderError{Fault: ColumnUnknown, Column: name}
		case slices.Contains(header[:i], name):
			return &HeaderError{Fault: ColumnRepeated, Column: name}
		}
	}
	for _, name := range []string{"id", "title"} {
		if !slices.Contains(header, name) {
			return &HeaderError{Fault: ColumnMissing, Column: name}
		}
	}
	r.header = header
	return nil
}

// set sets the value of a column.
func (v *values) set(name, text string) *LineError {
	switch name {
	case "id":
		v.ID = text
	case "title":
		v.Title = text
	case "description":
		v.Description = text
	case "completed":
		if v.Completed = text == "true"; !v.Completed && text != "false" && text != "" {
			return &LineError{Fault: FaultBool, Field: name, Value: text}
		}
	case "created_at":
		v.CreatedAt = text
	case "updated_at":
		v.UpdatedAt = text
	}
	return nil
}
