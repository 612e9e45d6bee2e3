package chaos

import (
	"encoding/json"
	"fmt"
	"time"

	"taskctl/pkg/task"
)

// message is any message of the server, with its raw text.
type message struct {
	Type      task.EventType  `json:"type"`
	Task      json.RawMessage `json:"task"`
	Timestamp time.Time       `json:"timestamp"`
	Seq       uint64          `json:"seq"`
	Prev      *uint64         `json:"prev"`
	Epoch     string          `json:"epoch"`
	Resumed   bool            `json:"resumed"`
	Reason    string          `json:"reason"`

	raw string
}

func parseMessage(raw []byte) (message, error) {
	m := message{raw: string(raw)}
	if err := json.Unmarshal(raw, &m); err != nil {
		return message{}, fmt.Errorf("%w: %.200q", err, raw)
	}
	return m, nil
}

// event is one entry of the log.
type event struct {
	message
	body taskBody
}

// taskBody is a task as clients see it.
type taskBody struct {
	ID          string    `json:"id"`
	Title       string    `json:"title"`
	Description string    `json:"description"`
	Completed   bool      `json:"completed"`
	CreatedAt   time.Time `json:"created_at"`
	UpdatedAt   time.Time `json:"updated_at"`
}

// history is the whole event log, read with GET /events after the run. Every consumer
// must have received it, and every write must be found in it.
type history struct {
	epoch  string
	events []event // the one with seq n is at n-1
}

func (h *history) head() uint64 { return uint64(len(h.events)) }

func (h *history) at(seq uint64) *event {
	if seq == 0 || seq > h.head() {
		return nil
	}
	return &h.events[seq-1]
}

// add appends an event, which must be the next and consistent in itself.
func (h *history) add(raw []byte) error {
	m, err := parseMessage(raw)
	if err != nil {
		return &violation{record: "events", seq: h.head() + 1, what: err.Error()}
	}
	e := event{message: m}
	if err := json.Unmarshal(m.Task, &e.body); err != nil {
		return &violation{record: "events", seq: m.Seq, what: err.Error()}
	}
	if m.Seq != h.head()+1 {
		return &violation{record: "events", seq: m.Seq, what: fmt.Sprintf("GET /events has %d after %d", m.Seq, h.head())}
	}
	if !m.Type.Valid() {
		return &violation{record: "events", seq: m.Seq, what: fmt.Sprintf("GET /events has an event of the type %q", m.Type)}
	}
	h.events = append(h.events, e)
	return nil
}

// violation is a broken promise, and the place that shows it.
type violation struct {
	record string // the record that shows it; "": none
	line   int    // of the record; 0: none in particular
	seq    uint64 // of the event concerned; 0: none in particular
	what   string
}

func (v *violation) Error() string {
	text := v.what
	if v.record != "" {
		text = v.record + ": " + text
	}
	if v.line > 0 {
		text += fmt.Sprintf(" (line %d)", v.line)
	}
	return text
}
