package chaos

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"

	"taskctl/pkg/task"
)

// write is one write, from its first attempt to its final answer. Its
// title is its Idempotency-Key, so that an event tells which write made it.
type write struct {
	key     string
	kind    task.ChangeKind
	nothing bool // it changes nothing, so there must be no event
	sure    bool // no other writer uses its task, so it must not be refused
	id      string
	ifMatch uint64 // 0: unconditional
	body    string // as sent; "" for a delete

	floor    uint64 // the highest acknowledged seq before the first attempt
	attempts int
	answer   *answer // nil: no final answer
}

// answer is the final answer to a write.
type answer struct {
	status   int
	body     string
	etag     string
	location string
	position task.Position
}

func (a answer) String() string {
	return fmt.Sprintf("%d at %s, ETag %s, Location %q: %s", a.status, a.position, a.etag, a.location, a.body)
}

func (a answer) done() bool { return a.status >= 200 && a.status <= 299 }

func (w *write) String() string {
	text := "no answer"
	if w.answer != nil {
		text = w.answer.String()
	}
	return fmt.Sprintf("%s %s if-match=%d, %d attempts, answer %s", w.what(), w.id, w.ifMatch, w.attempts, text)
}

func (w *write) what() string {
	return fmt.Sprintf("%s %s", [...]string{"", "POST", "PUT", "PATCH", "DELETE"}[w.kind], w.key)
}

// checkWrites compares all answers with the log: an acknowledged write has exactly one
// event, an event has exactly one acknowledged write, and a refused write has no event
// and a valid reason.
func checkWrites(writes []*write, h *history) error {
	c := ledgerCheck{history: h, by: make([]*write, h.head()+1), of: make(map[string][]*event)}
	for i := range h.events {
		e := &h.events[i]
		c.of[e.body.ID] = append(c.of[e.body.ID], e)
	}
	for _, w := range writes {
		if seq, what := c.write(w); what != "" {
			return &violation{seq: seq, what: what + "\n" + w.String()}
		}
	}
	for seq := uint64(1); seq <= h.head(); seq++ {
		if c.by[seq] == nil {
			return &violation{seq: seq, what: fmt.Sprintf("event %d has no acknowledged write", seq)}
		}
	}
	return nil
}

type ledgerCheck struct {
	history *history
	by      []*write            // the write of each event
	of      map[string][]*event // by task
}

// write returns the mistake of one write, and its event.
func (c *ledgerCheck) write(w *write) (seq uint64, what string) {
	switch a := w.answer; {
	case a == nil:
		return 0, "a write was never answered"
	case a.status == http.StatusNotFound && !w.sure:
		if !slices.ContainsFunc(c.of[w.id], func(e *event) bool { return e.Type == task.Deleted }) {
			return 0, "a write was told 404, and its task was never deleted"
		}
	case a.status == http.StatusPreconditionFailed && !w.sure && w.ifMatch != 0:
		if !slices.ContainsFunc(c.of[w.id], func(e *event) bool { return e.Seq > w.ifMatch }) {
			return 0, "a write was told 412, and its task was in that version"
		}
	case !a.done():
		return 0, "a write was refused without a reason"
	case a.position.Epoch != c.history.epoch:
		return 0, "a write was acknowledged in another epoch"
	case w.nothing:
		return c.unchanged(w)
	default:
		return a.position.Seq, c.event(w)
	}
	return 0, ""
}

// event checks the one event of an acknowledged write.
func (c *ledgerCheck) event(w *write) string {
	seq := w.answer.position.Seq
	e := c.history.at(seq)
	types := [...]task.EventType{task.Create: task.Created, task.Replace: task.Updated, task.Merge: task.Updated, task.Delete: task.Deleted}
	switch {
	case e == nil:
		return fmt.Sprintf("a write was acknowledged as event %d, and the log ends at %d", seq, c.history.head())
	case e.Type != types[w.kind] || e.body.ID != w.id:
		return fmt.Sprintf("a write was acknowledged as event %d, which is another: %s", seq, e.raw)
	case c.by[seq] != nil:
		return fmt.Sprintf("event %d belongs to two acknowledged writes, also to %s", seq, c.by[seq])
	case seq <= w.floor:
		return fmt.Sprintf("event %d was acknowledged before the write of event %d was first sent", w.floor, seq)
	}
	c.by[seq] = w
	if w.kind == task.Delete {
		return ""
	}
	switch {
	case w.answer.body != string(e.Task):
		return fmt.Sprintf("the task of event %d is not what its write was answered: %s", seq, e.Task)
	case w.answer.etag != fmt.Sprintf(`"%d"`, seq):
		return fmt.Sprintf("the write of event %d was answered the ETag %s", seq, w.answer.etag)
	}
	return asked(w, e.body)
}

// object is a body as writers send it.
func object(fields map[string]any) string {
	data, err := json.Marshal(fields)
	if err != nil {
		panic(err) // strings and booleans
	}
	return string(data)
}

// asked compares a task with the request of its write.
func asked(w *write, got taskBody) string {
	var want struct {
		Title       *string
		Description *string
		Completed   *bool
	}
	if err := json.Unmarshal([]byte(w.body), &want); err != nil {
		return err.Error()
	}
	absent := w.kind != task.Merge // otherwise an absent field becomes empty
	switch {
	case want.Title == nil || got.Title != *want.Title:
		return fmt.Sprintf("the title became %q", got.Title)
	case want.Description != nil && got.Description != *want.Description, want.Description == nil && absent && got.Description != "":
		return fmt.Sprintf("the description became %q", got.Description)
	case want.Completed != nil && got.Completed != *want.Completed, want.Completed == nil && absent && got.Completed:
		return fmt.Sprintf("completed became %v", got.Completed)
	}
	return ""
}

// unchanged checks a write that changes nothing: its answer is the unchanged task.
func (c *ledgerCheck) unchanged(w *write) (seq uint64, what string) {
	seq = w.answer.position.Seq
	var last *event
	for _, e := range c.of[w.id] {
		if e.Seq <= seq {
			last = e
		}
	}
	if last == nil || last.Type == task.Deleted || w.answer.body != string(last.Task) || w.answer.etag != fmt.Sprintf(`"%d"`, last.Seq) {
		return seq, fmt.Sprintf("a write that changes nothing was not answered the task as it was at %d", seq)
	}
	return seq, ""
}
