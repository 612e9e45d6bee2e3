package api

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"taskctl/pkg/task"
)

// maxFaults bounds the faults that one answer lists: a body can have a hundred
// thousand of them.
const maxFaults = 10

// members are the members of a request body. They are valid JSON but not decoded yet,
// so that all invalid ones can be reported. A missing member is empty.
type members struct {
	Title       jsontext.Value `json:"title"`
	Description jsontext.Value `json:"description"`
	Completed   jsontext.Value `json:"completed"`
	ID          jsontext.Value `json:"id"`
	CreatedAt   jsontext.Value `json:"created_at"`
	UpdatedAt   jsontext.Value `json:"updated_at"`
	Unknown     jsontext.Value `json:",embed"`
}

// reset empties the members and keeps their memory for the next body.
func (m *members) reset() {
	for _, v := range []*jsontext.Value{&m.Title, &m.Description, &m.Completed, &m.ID, &m.CreatedAt, &m.UpdatedAt, &m.Unknown} {
		*v = (*v)[:0]
	}
}

// byteOrderMark may precede JSON. RFC 8259 §8.1 allows a parser to ignore it.
var byteOrderMark = []byte("\xef\xbb\xbf")

// decode reads the body as the given kind of change to the task with this id. A body
// that is not strict JSON (RFC 8259, without duplicate names) gives a *syntaxError;
// invalid members give faults.
func (sc *scratch) decode(kind task.ChangeKind, taskID string) (*draft, error) {
	body := bytes.TrimPrefix(sc.body, byteOrderMark)
	sc.members.reset()
	d := &draft{kind: kind, taskID: taskID}
	if jsontext.Value(body).Kind() == '{' {
		if err := json.Unmarshal(body, &sc.members); err != nil {
			return nil, notJSON(err)
		}
		d.read(&sc.members)
	} else {
		if err := json.Unmarshal(body, &sc.members.Unknown); err != nil {
			return nil, notJSON(err)
		}
		d.fault("body", "must be a JSON object")
	}
	if d.faults != nil {
		return nil, d.faults
	}
	return d, nil
}

// draft is a change as the client sent it. Patch and guard point into it.
type draft struct {
	kind   task.ChangeKind
	taskID string
	patch  task.Patch
	guard  task.PatchGuard
	faults faults

	title       string
	description string
	completed   bool
	createdAt   time.Time
	updatedAt   time.Time
}

func (d *draft) read(m *members) {
	for name := range names(m.Unknown) {
		d.fault(clip(name), "is not a member of a task")
	}
	d.readTitle(m.Title)
	d.readDescription(m.Description)
	d.readCompleted(m.Completed)
	if id, ok := d.unchanged("id", m.ID); ok && !strings.EqualFold(id, d.taskID) {
		d.fault("id", "cannot be changed")
	}
	d.guard.CreatedAt = d.readTime("created_at", m.CreatedAt, &d.createdAt)
	d.guard.UpdatedAt = d.readTime("updated_at", m.UpdatedAt, &d.updatedAt)
}

func (d *draft) readTitle(v jsontext.Value) {
	switch {
	case v.Kind() == '"':
		var err error
		d.title, err = task.NormalizeTitle(unquote(v))
		d.patch.Title = &d.title
		d.add(err)
	case len(v) > 0:
		d.fault("title", "must be a string")
	case d.kind != task.Merge:
		d.fault("title", "is required")
	}
}

// readDescription accepts null in a merge. Null removes the member (RFC 7396), and
// without a description the description is empty.
func (d *draft) readDescription(v jsontext.Value) {
	switch {
	case v.Kind() == '"':
		d.description = unquote(v)
		d.add(task.CheckDescription(d.description))
	case d.nullInMerge(v):
	case len(v) > 0:
		d.fault("description", "must be a string")
	case d.kind == task.Merge:
		return
	}
	d.patch.Description = &d.description
}

func (d *draft) readCompleted(v jsontext.Value) {
	switch {
	case v.Kind() == 't', v.Kind() == 'f':
		d.completed = v.Kind() == 't'
	case d.nullInMerge(v):
	case len(v) > 0:
		d.fault("completed", "must be true or false")
	case d.kind == task.Merge:
		return
	}
	d.patch.Completed = &d.completed
}

func (d *draft) nullInMerge(v jsontext.Value) bool { return d.kind == task.Merge && v.Kind() == 'n' }

// readTime returns nil for an absent time. The store checks that it is unchanged. The
// letters T and Z may be lower case (RFC 3339 §5.6).
func (d *draft) readTime(field string, v jsontext.Value, t *time.Time) *time.Time {
	text, ok := d.unchanged(field, v)
	if !ok {
		return nil
	}
	var err error
	if *t, err = time.Parse(time.RFC3339Nano, strings.ToUpper(text)); err != nil {
		d.fault(field, "must be a time such as 2024-01-15T10:00:00Z")
	}
	return t
}

// unchanged returns the text of a member that a client may send back but not change.
func (d *draft) unchanged(field string, v jsontext.Value) (text string, ok bool) {
	switch {
	case len(v) == 0:
		return "", false
	case d.kind == task.Create:
		d.fault(field, "is set by the server")
		return "", false
	case v.Kind() == '"':
		text = unquote(v)
	}
	if text == "" {
		d.fault(field, "cannot be changed")
	}
	return text, text != ""
}

func (d *draft) fault(field, reason string) {
	d.add(&task.InvalidError{Field: field, Reason: reason})
}

func (d *draft) add(err error) {
	if err == nil {
		return
	}
	var invalid *task.InvalidError
	if errors.As(err, &invalid) && len(d.faults) < maxFaults {
		d.faults = append(d.faults, invalid)
	}
}

// unquote returns the text of a string that has been checked.
func unquote(v jsontext.Value) string {
	if bytes.IndexByte(v, '\\') < 0 {
		return string(v[1 : len(v)-1])
	}
	text, _ := jsontext.AppendUnquote(nil, v)
	return string(text)
}

// names yields the names of an object that has been checked.
func names(object jsontext.Value) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		if len(object) == 0 {
			return
		}
		decoder := jsontext.NewDecoder(bytes.NewReader(object))
		_, _ = decoder.ReadToken() // the brace
		for decoder.PeekKind() == '"' {
			name, _ := decoder.ReadToken()
			if !yield(name.String()) || decoder.SkipValue() != nil {
				return
			}
		}
	}
}

// notJSON says where the JSON is malformed, without repeating the body.
func notJSON(err error) error {
	var syntax *jsontext.SyntacticError
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		return &syntaxError{"the body ends before its JSON does"}
	case errors.Is(err, jsontext.ErrDuplicateName):
		return &syntaxError{"the body is not valid JSON: an object has a name twice"}
	case errors.As(err, &syntax):
		return &syntaxError{fmt.Sprintf("the body is not valid JSON: %s, at byte %d", clip(syntax.Err.Error()), syntax.ByteOffset)}
	default:
		return &syntaxError{"the body is not valid JSON"}
	}
}
