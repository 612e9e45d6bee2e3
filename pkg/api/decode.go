package api

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/taskctl/taskctl/pkg/task"
)

// maxFaults is how many faults of one body are told of: it may have a hundred
// thousand, and the answer must not outgrow it.
const maxFaults = 10

// draft is a task as a client wrote it. The patch and the guard point into it.
type draft struct {
	kind   task.ChangeKind
	taskID string // of the path
	patch  task.Patch
	guard  task.PatchGuard
	faults faults

	title       string
	description string
	completed   bool
	createdAt   time.Time
	updatedAt   time.Time
}

// decode reads the body, token by token and once, as what kind asks for. What is
// not strictly JSON (RFC 8259, and no name twice) is a *syntaxError, even where
// something before it is invalid; else all that is invalid comes back as faults.
// It uses the body up.
func (sc *scratch) decode(kind task.ChangeKind, taskID string) (*draft, error) {
	sc.reader = *bytes.NewBuffer(sc.body)
	sc.decoder.Reset(&sc.reader)
	d := &draft{kind: kind, taskID: taskID}
	if err := d.readObject(sc); err != nil {
		return nil, notJSON(err)
	}
	d.finish()
	if d.faults != nil {
		return nil, d.faults
	}
	return d, nil
}

func (d *draft) readObject(sc *scratch) error {
	dec := &sc.decoder
	if kind := dec.PeekKind(); kind != '{' {
		if err := dec.SkipValue(); err != nil {
			return err
		}
		d.blame("body", "must be a JSON object")
		return readEnd(dec)
	}
	if _, err := dec.ReadToken(); err != nil {
		return err
	}
	for dec.PeekKind() != '}' {
		name, err := dec.ReadValue()
		if err != nil {
			return err
		}
		sc.text, err = jsontext.AppendUnquote(sc.text[:0], name)
		if err != nil {
			return err
		}
		if err := d.readMember(sc); err != nil {
			return err
		}
	}
	if _, err := dec.ReadToken(); err != nil {
		return err
	}
	return readEnd(dec)
}

// readEnd refuses what follows the value.
func readEnd(dec *jsontext.Decoder) error {
	if _, err := dec.ReadToken(); !errors.Is(err, io.EOF) {
		if err == nil {
			err = errors.New("something follows the value")
		}
		return err
	}
	return nil
}

// readMember reads the value of the member whose name is in sc.text.
func (d *draft) readMember(sc *scratch) error {
	switch string(sc.text) {
	case "title":
		return d.readText(sc, "title", &d.title, &d.patch.Title)
	case "description":
		return d.readText(sc, "description", &d.description, &d.patch.Description)
	case "completed":
		return d.readCompleted(sc)
	case "id":
		return d.readID(sc)
	case "created_at":
		return d.readTime(sc, "created_at", &d.createdAt, &d.guard.CreatedAt)
	case "updated_at":
		return d.readTime(sc, "updated_at", &d.updatedAt, &d.guard.UpdatedAt)
	}
	d.blame(clip(string(sc.text)), "is not a member of a task")
	return sc.decoder.SkipValue()
}

func (d *draft) readText(sc *scratch, field string, text *string, set **string) error {
	value, err := sc.decoder.ReadValue()
	if err != nil {
		return err
	}
	switch value.Kind() {
	case '"':
		sc.text, err = jsontext.AppendUnquote(sc.text[:0], value)
		*text = string(sc.text)
		*set = text
		return err
	case 'n':
		if d.kind == task.Merge && field != "title" { // null removes a member (RFC 7396): what is left is the empty one
			*set = text
			return nil
		}
	}
	d.blame(field, "must be a string")
	return nil
}

func (d *draft) readCompleted(sc *scratch) error {
	value, err := sc.decoder.ReadValue()
	if err != nil {
		return err
	}
	switch kind := value.Kind(); {
	case kind == 't', kind == 'f', kind == 'n' && d.kind == task.Merge:
		d.completed = kind == 't'
		d.patch.Completed = &d.completed
	default:
		d.blame("completed", "must be true or false")
	}
	return nil
}

// readID accepts the id only as it is.
func (d *draft) readID(sc *scratch) error {
	text, err := d.readOnly(sc, "id")
	if text != "" && !strings.EqualFold(text, d.taskID) {
		d.blame("id", "cannot be changed")
	}
	return err
}

// readTime leaves it to the store to see that the time is as it was.
func (d *draft) readTime(sc *scratch, field string, t *time.Time, set **time.Time) error {
	text, err := d.readOnly(sc, field)
	if text == "" {
		return err
	}
	parsed, invalid := time.Parse(time.RFC3339Nano, text)
	if invalid != nil {
		d.blame(field, "must be a time such as 2024-01-15T10:00:00Z")
	}
	*t, *set = parsed, t
	return err
}

// readOnly reads a member that may only be sent back, as it was; empty: it was
// something else.
func (d *draft) readOnly(sc *scratch, field string) (string, error) {
	value, err := sc.decoder.ReadValue()
	if err != nil {
		return "", err
	}
	if d.kind == task.Create {
		d.blame(field, "is set by the server")
		return "", nil
	}
	if value.Kind() == '"' {
		sc.text, err = jsontext.AppendUnquote(sc.text[:0], value)
	} else {
		sc.text = sc.text[:0]
	}
	if len(sc.text) == 0 {
		d.blame(field, "cannot be changed")
	}
	return string(sc.text), err
}

// finish gives what was left out of a whole task its empty value, and brings the
// texts into the form in which they are kept.
func (d *draft) finish() {
	if d.kind != task.Merge {
		if d.patch.Title == nil && !d.blamed("title") {
			d.blame("title", "is required")
		}
		d.patch.Description = &d.description
		d.patch.Completed = &d.completed
	}
	if d.patch.Title != nil {
		var err error
		d.title, err = task.NormalizeTitle(d.title)
		d.blameFor(err)
	}
	d.blameFor(task.CheckDescription(d.description))
}

func (d *draft) blame(field, reason string) {
	d.blameFor(&task.InvalidError{Field: field, Reason: reason})
}

func (d *draft) blameFor(err error) {
	if err == nil {
		return
	}
	var invalid *task.InvalidError
	if errors.As(err, &invalid) && len(d.faults) < maxFaults {
		d.faults = append(d.faults, invalid)
	}
}

func (d *draft) blamed(field string) bool {
	return slices.ContainsFunc(d.faults, func(f *task.InvalidError) bool { return f.Field == field })
}

// notJSON says where the JSON ends being JSON, without repeating the body.
func notJSON(err error) error {
	var syntax *jsontext.SyntacticError
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		return &syntaxError{"the body ends before its JSON does"}
	case errors.Is(err, jsontext.ErrDuplicateName):
		return &syntaxError{"the body is not valid JSON: a name appears twice in one object"}
	case errors.As(err, &syntax):
		return &syntaxError{fmt.Sprintf("the body is not valid JSON: %s, at byte %d", clip(syntax.Err.Error()), syntax.ByteOffset)}
	default:
		return &syntaxError{"the body is not valid JSON: " + err.Error()}
	}
}
