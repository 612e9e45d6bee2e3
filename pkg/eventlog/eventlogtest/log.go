// Package eventlogtest provides an event log and a broker in memory, for tests of
// receivers.
package eventlogtest

import (
	"context"
	"fmt"
	"strconv"
	"sync"
	"time"

	"taskctl/pkg/task"
)

// Log is a task.Log in memory. Its zero value is not usable: see [NewLog].
type Log struct {
	mu    sync.Mutex
	epoch string
	first uint64 // seq of events[0], or of the next event if there is none
	held  []task.Event
	err   error
	reads int
}

var _ task.Log = (*Log)(nil)

// NewLog returns an empty log.
func NewLog(epoch string) *Log { return &Log{epoch: epoch, first: 1} }

// Add appends n events and returns them.
func (l *Log) Add(n int) []task.Event {
	l.mu.Lock()
	defer l.mu.Unlock()
	from := len(l.held)
	for range n {
		l.held = append(l.held, Event(l.first+uint64(len(l.held))))
	}
	return l.held[from:len(l.held):len(l.held)]
}

// Append appends the event, whose Seq must be the next one.
func (l *Log) Append(e task.Event) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.held = append(l.held, e)
}

// Forget drops all events before first, as retention does.
func (l *Log) Forget(first uint64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.held = l.held[first-l.first:]
	l.first = first
}

// Restore turns it into another log, which ends at seq and holds no events.
func (l *Log) Restore(epoch string, seq uint64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.epoch, l.first, l.held = epoch, seq+1, nil
}

// Fail makes every read return err, until it is called with nil.
func (l *Log) Fail(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.err = err
}

// Reads counts the calls of Read.
func (l *Log) Reads() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.reads
}

// Epoch returns the epoch of the log.
func (l *Log) Epoch() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.epoch
}

// Bounds implements task.Log.
func (l *Log) Bounds(context.Context) (uint64, task.Position, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.first, l.head(), l.err
}

func (l *Log) head() task.Position {
	return task.Position{Epoch: l.epoch, Seq: l.first + uint64(len(l.held)) - 1}
}

// Read implements task.Log.
func (l *Log) Read(_ context.Context, after task.Position, limit int) ([]task.Event, task.Position, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.reads++
	head := l.head()
	gone := func(r task.GoneReason) ([]task.Event, task.Position, error) {
		return nil, head, fmt.Errorf("read events: %w", &task.GoneError{Reason: r, Head: head})
	}
	switch {
	case l.err != nil:
		return nil, task.Position{}, l.err
	case after.Epoch != "" && after.Epoch != l.epoch:
		return gone(task.GoneEpoch)
	case after.Seq > head.Seq:
		return gone(task.GoneAhead)
	case after.Seq+1 < l.first:
		return gone(task.GoneTooOld)
	}
	from := int(after.Seq + 1 - l.first)
	to := min(from+limit, len(l.held))
	return l.held[from:to:to], head, nil
}

// Event returns an event of a realistic size. Types and task ids vary with seq, for
// tests of filters.
func Event(seq uint64) task.Event {
	types := [...]task.EventType{task.Created, task.Updated, task.Deleted}
	when := time.Date(2024, 1, 15, 10, 0, 0, 0, time.UTC).Add(time.Duration(seq) * time.Millisecond)
	t := task.Task{
		ID:          TaskID(seq),
		Title:       "Task " + strconv.FormatUint(seq, 10),
		Description: "A description of the length that people write, and — sometimes — more.",
		CreatedAt:   when, UpdatedAt: when,
	}
	return task.Event{Seq: seq, Type: types[seq%3], TaskID: t.ID, Time: when, Task: t.AppendJSON(nil)}
}

// TaskID returns the id of the task that [Event] changes at seq: one of ten.
func TaskID(seq uint64) string {
	return fmt.Sprintf("018d0c5e-7a00-7000-8000-%012d", seq%10)
}
