//go:build linux

package chaos

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"taskctl/pkg/task"
)

const (
	ownTasks    = 40 // of each writer: enough to choose from, and all tasks fit one page
	sharedTasks = 5
	pace        = 25 * time.Millisecond // the longest pause between two writes of one writer
)

// known is a writer's knowledge of a task.
type known struct {
	id      string
	version uint64
	title   string
}

// writer writes to its own tasks, where nothing may be refused, and to tasks that all
// writers share, where conflicts are normal.
type writer struct {
	name   string
	apis   []string // the URL of each; an attempt is sent to one of them
	http   *http.Client
	random *rand.Rand
	acked  *atomic.Uint64 // the highest seq in any answer
	shared *sharedPool

	own       []known
	writes    []*write
	abandoned []*write // without an answer, and not repeated yet
	lost      int      // attempts without an answer, or answered with "try again"
	faults    []string // answers that are never valid
	replayed  int
}

// sharedPool are the tasks that all writers write to.
type sharedPool struct {
	mu    sync.Mutex
	tasks [sharedTasks]known
}

func (p *sharedPool) get(i int) known {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.tasks[i]
}

func (p *sharedPool) set(i int, k known) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.tasks[i] = k
}

// run writes until writing ends, and then finishes the open writes before ctx ends.
func (w *writer) run(ctx, writing context.Context) {
	for writing.Err() == nil {
		switch dice := w.random.IntN(100); {
		case dice < 25:
			w.toShared(ctx, w.random.IntN(sharedTasks))
		case dice < 28 && len(w.abandoned) > 0:
			w.takeUp(ctx)
		default:
			w.toOwn(ctx)
		}
		pause(writing, time.Duration(w.random.Int64N(int64(pace))))
	}
	for _, op := range w.abandoned {
		w.finish(ctx, op)
	}
	w.repeat(ctx)
}

// takeUp repeats a write long after its answer was lost.
func (w *writer) takeUp(ctx context.Context) {
	op := w.abandoned[0]
	w.abandoned = w.abandoned[1:]
	if w.finish(ctx, op); op.sure && op.kind != task.Delete && op.answer != nil && op.answer.done() {
		w.own = append(w.own, knownFrom(op))
	}
}

func (w *writer) toOwn(ctx context.Context) {
	dice := w.random.IntN(100)
	if len(w.own) == 0 || dice < 35 && len(w.own) < ownTasks {
		op := w.new(task.Create, known{})
		op.sure = true
		if w.perform(ctx, op) {
			w.own = append(w.own, knownFrom(op))
		}
		return
	}
	i := w.random.IntN(len(w.own))
	kind := task.Merge
	switch {
	case dice < 55:
		kind = task.Replace
	case dice >= 85:
		kind = task.Delete
	}
	op := w.new(kind, w.own[i])
	op.sure = true
	if dice >= 80 && dice < 85 {
		op.nothing = true
		op.body = object(map[string]any{"title": w.own[i].title})
	}
	if w.random.IntN(2) == 0 {
		op.ifMatch = w.own[i].version
	}
	if !w.perform(ctx, op) || kind == task.Delete {
		w.own = slices.Delete(w.own, i, i+1) // deleted, or in an unknown state
	} else if !op.nothing {
		w.own[i] = knownFrom(op)
	}
}

func (w *writer) toShared(ctx context.Context, i int) {
	target := w.shared.get(i)
	kind := task.Create
	if target.id != "" {
		kind = [...]task.ChangeKind{task.Replace, task.Merge, task.Merge, task.Merge, task.Delete}[w.random.IntN(5)]
	}
	op := w.new(kind, target)
	if target.id != "" && w.random.IntN(2) == 0 {
		op.ifMatch = target.version
	}
	switch {
	case !w.perform(ctx, op) && op.answer != nil && op.answer.status == http.StatusNotFound:
		w.shared.set(i, known{})
	case op.answer == nil || !op.answer.done():
	case kind == task.Delete:
		w.shared.set(i, known{})
	default:
		w.shared.set(i, knownFrom(op))
	}
}

// new returns a write with a unique title.
func (w *writer) new(kind task.ChangeKind, target known) *write {
	op := &write{key: fmt.Sprintf("%s-%d", w.name, len(w.writes)), kind: kind, id: target.id, floor: w.acked.Load()}
	w.writes = append(w.writes, op)
	if kind == task.Delete {
		return op
	}
	fields := map[string]any{"title": op.key}
	if w.random.IntN(2) == 0 {
		fields["description"] = w.text()
	}
	if w.random.IntN(2) == 0 {
		fields["completed"] = w.random.IntN(2) == 0
	}
	op.body = object(fields)
	return op
}

// text is a description with characters that are difficult to transport.
func (w *writer) text() string {
	parts := []string{"plain words ", `"quoted" \ `, "line\nand\ttab ", "\u2028\u2029", "ñandú ", "日本語 ", "\U0001F389", "\x01\x1f\x7f", "</script>&"}
	var b strings.Builder
	for range w.random.IntN(40) {
		b.WriteString(parts[w.random.IntN(len(parts))])
	}
	return b.String()
}

// knownFrom is a task as the answer to a write shows it.
func knownFrom(op *write) known {
	var body taskBody
	_ = json.Unmarshal([]byte(op.answer.body), &body) // the check of the answers finds it
	version, _ := strconv.ParseUint(strings.Trim(op.answer.etag, `"`), 10, 64)
	return known{id: op.id, version: version, title: body.Title}
}

// perform sends a write until it has a final answer. After a lost answer it sometimes
// abandons the write for later. It reports whether there is a final answer.
func (w *writer) perform(ctx context.Context, op *write) bool {
	for !w.attempt(ctx, op) && ctx.Err() == nil {
		if w.random.IntN(20) == 0 {
			w.abandoned = append(w.abandoned, op)
			return false
		}
		pause(ctx, time.Duration(20+w.random.IntN(130))*time.Millisecond)
	}
	return op.answer != nil && op.answer.done()
}

// finish is perform without abandoning.
func (w *writer) finish(ctx context.Context, op *write) {
	for !w.attempt(ctx, op) && ctx.Err() == nil {
		pause(ctx, reconnectDelay)
	}
}

// attempt sends a write once and reports whether the answer is final.
func (w *writer) attempt(ctx context.Context, op *write) bool {
	op.attempts++
	// Most attempts have enough time; some disconnect from a healthy api.
	timeout := 3 * time.Second
	if w.random.IntN(25) == 0 {
		timeout = time.Duration(w.random.Int64N(int64(10 * time.Millisecond)))
	}
	attempt, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	a, err := w.send(attempt, op)
	if err != nil || comeAgain(a.status) {
		w.lost++
		return false
	}
	if op.kind == task.Create && a.done() {
		op.id = strings.TrimPrefix(a.location, "tasks/")
	}
	op.answer = &a
	if a.done() {
		for seen := w.acked.Load(); a.position.Seq > seen && !w.acked.CompareAndSwap(seen, a.position.Seq); {
			seen = w.acked.Load()
		}
	}
	return true
}

func comeAgain(status int) bool {
	return status == http.StatusServiceUnavailable || status == http.StatusTooManyRequests || status == http.StatusRequestTimeout
}

func (w *writer) send(ctx context.Context, op *write) (answer, error) {
	method, target := http.MethodPost, w.apis[w.random.IntN(len(w.apis))]+"/tasks"
	if op.kind != task.Create {
		method = map[task.ChangeKind]string{task.Replace: http.MethodPut, task.Merge: http.MethodPatch, task.Delete: http.MethodDelete}[op.kind]
		target += "/" + op.id
	}
	req, err := http.NewRequestWithContext(ctx, method, target, strings.NewReader(op.body))
	if err != nil {
		return answer{}, err
	}
	req.Header.Set("Idempotency-Key", op.key)
	if op.body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	if op.ifMatch != 0 {
		req.Header.Set("If-Match", fmt.Sprintf(`"%d"`, op.ifMatch))
	}
	res, err := w.http.Do(req)
	if err != nil {
		return answer{}, err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		return answer{}, err
	}
	a := answer{status: res.StatusCode, body: string(body), etag: res.Header.Get("ETag"), location: res.Header.Get("Location")}
	if a.done() {
		a.position, err = task.ParsePosition(res.Header.Get("Taskctl-Position"))
		if err != nil {
			w.faults = append(w.faults, fmt.Sprintf("%s was answered without a position: %s", op.what(), a))
		}
	}
	return a, nil
}

// repeat sends some acknowledged writes once more: the same key and request get
// the same answer, and make no event.
func (w *writer) repeat(ctx context.Context) {
	for range min(50, len(w.writes)) {
		op := w.writes[w.random.IntN(len(w.writes))]
		if op.answer == nil || !op.answer.done() {
			continue
		}
		first := *op.answer
		w.finish(ctx, op)
		w.replayed++
		if *op.answer != first {
			w.faults = append(w.faults, fmt.Sprintf("%s was answered\n%s\nand then\n%s", op.what(), first, *op.answer))
			op.answer = &first
		}
	}
}
