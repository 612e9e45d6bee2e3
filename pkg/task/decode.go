package task

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"time"
	"unicode/utf8"
)

// Task decodes the record.
func (r Record) Task() (Task, error) {
	t, ok := decodeOwn(r.JSON)
	if !ok {
		t = Task{}
		if err := json.Unmarshal(r.JSON, &t); err != nil {
			return Task{}, fmt.Errorf("decode task: %w", err)
		}
	}
	t.Version = r.Version
	return t, nil
}

// decodeOwn reads the output of [Task.AppendJSON], ten times as fast as encoding/json,
// because a search decodes tens of thousands of tasks. It returns false for any other
// text.
func decodeOwn(text []byte) (t Task, ok bool) {
	d := decoder{rest: text, ok: true}
	t = d.task()
	return t, d.ok && len(d.rest) == 0
}

// DecodeEvent reads the output of [Event.AppendJSON] and [Event.AppendJSONPrev], three
// times as fast as a JSON decoder, because a subscriber decodes every event. It returns
// false for any other text, even for equivalent JSON. The event's Task is the part of
// text that t was read from; prev is nil if it is missing.
func DecodeEvent(text []byte) (e Event, t Task, prev *uint64, ok bool) {
	d := decoder{rest: text, ok: true}
	e.Type = d.eventType(`{"type":`)
	d.skip(`,"task":`)
	e.Task = d.rest
	t = d.task()
	e.TaskID, e.Task = t.ID, e.Task[:len(e.Task)-len(d.rest)]
	e.Time = d.time(`,"timestamp":`)
	e.Seq = d.number(`,"seq":`)
	if d.ok && len(d.rest) > 1 {
		n := d.number(`,"prev":`)
		prev = &n
	}
	d.skip("}")
	return e, t, prev, d.ok && len(d.rest) == 0
}

// decoder reads rest from its beginning. It fails at the first unexpected byte.
type decoder struct {
	rest []byte
	ok   bool

	timeText []byte // the last time as text, and its value
	timeRead time.Time
}

func (d *decoder) skip(expected string) {
	after, found := bytes.CutPrefix(d.rest, []byte(expected))
	d.rest, d.ok = after, d.ok && found
}

// task reads a whole task.
func (d *decoder) task() (t Task) {
	t.ID = d.text(`{"id":`)
	t.Title = d.text(`,"title":`)
	t.Description = d.text(`,"description":`)
	d.skip(`,"completed":`)
	if t.Completed = bytes.HasPrefix(d.rest, []byte("true")); t.Completed {
		d.skip("true")
	} else {
		d.skip("false")
	}
	t.CreatedAt = d.time(`,"created_at":`)
	t.UpdatedAt = d.time(`,"updated_at":`)
	d.skip("}")
	return t
}

// text reads a string after the expected text before it.
func (d *decoder) text(before string) string {
	plain, ok := d.plain(before)
	if !ok && d.ok {
		return d.escaped()
	}
	return string(plain)
}

// plain reads a string after the expected text before it, if it has no escapes (RFC
// 8259 §7).
func (d *decoder) plain(before string) (text []byte, ok bool) {
	d.skip(before)
	d.skip(`"`)
	end := bytes.IndexByte(d.rest, '"')
	if d.ok = d.ok && end >= 0; !d.ok {
		return nil, false
	}
	text = d.rest[:end]
	if bytes.IndexByte(text, '\\') >= 0 {
		return nil, false
	}
	least := byte(' ')
	for _, c := range text {
		least = min(least, c)
	}
	d.rest, d.ok = d.rest[end+1:], least == ' ' && utf8.Valid(text)
	return text, d.ok
}

// escaped reads the rest of a string with escapes.
func (d *decoder) escaped() string {
	for end := 0; end < len(d.rest); end++ {
		switch d.rest[end] {
		case '\\':
			end++
		case '"':
			var text string
			// encoding/json decodes the escapes.
			err := json.Unmarshal(append(append([]byte{'"'}, d.rest[:end]...), '"'), &text)
			d.ok = d.ok && err == nil && utf8.Valid(d.rest[:end])
			d.rest = d.rest[end+1:]
			return text
		}
	}
	d.ok = false
	return ""
}

// time reads a time. It keeps the last one, because the times of a new task and its
// event are equal.
func (d *decoder) time(before string) time.Time {
	text, ok := d.plain(before)
	if ok && (d.timeText == nil || !bytes.Equal(text, d.timeText)) {
		ok = d.timeRead.UnmarshalText(text) == nil
		d.timeText = text
	}
	d.ok = ok
	return d.timeRead
}

func (d *decoder) eventType(before string) EventType {
	text, _ := d.plain(before)
	t, ok := EventTypeOf(text)
	d.ok = d.ok && ok
	return t
}

// number reads an integer as strconv writes it.
func (d *decoder) number(before string) uint64 {
	d.skip(before)
	end := 0
	for end < len(d.rest) && '0' <= d.rest[end] && d.rest[end] <= '9' {
		end++
	}
	n, err := strconv.ParseUint(string(d.rest[:end]), 10, 64)
	d.ok = d.ok && err == nil && (end == 1 || d.rest[0] != '0')
	d.rest = d.rest[end:]
	return n
}
