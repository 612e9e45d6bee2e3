package eventlog

import (
	"context"
	"slices"
	"sync"

	"taskctl/pkg/task"
)

const (
	// maxRecentEvents and maxRecentBytes bound what a Fanout keeps in memory.
	maxRecentEvents = 1024
	maxRecentBytes  = 1 << 20
	// maxCursorReads bounds how many cursors read the log at the same time, so that
	// clients far behind do not slow everything else down.
	maxCursorReads = 2
)

// Fanout is a [Sink] with any number of readers. Each has a [Cursor] and reads at its
// own pace: recent events from memory, older ones from the log. So a slow reader costs
// no memory and delays no other reader.
type Fanout struct {
	log   task.Log
	reads chan struct{} // one value for each read of the log in progress

	mu      sync.Mutex
	head    task.Position
	recent  []task.Event // the events up to head, without gaps; never changed in place, because cursors share it
	size    int          // of recent, in bytes
	dropped int          // bytes of dropped events that the array behind recent still holds
	resets  int          // how often Reset was called
	changed chan struct{}
}

var _ Sink = (*Fanout)(nil)

// NewFanout returns a Fanout, to be the Sink of a [Follower] of the same log.
func NewFanout(log task.Log) *Fanout {
	return &Fanout{log: log, reads: make(chan struct{}, maxCursorReads), changed: make(chan struct{})}
}

// Reset implements [Sink].
func (f *Fanout) Reset(head task.Position, _ task.GoneReason) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.head, f.recent, f.size, f.dropped = head, nil, 0, 0
	f.resets++
	f.wake()
}

// Append implements [Sink].
func (f *Fanout) Append(events []task.Event) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.recent = append(f.recent, events...)
	for i := range events {
		f.size += len(events[i].Task)
	}
	for len(f.recent) > 1 && (len(f.recent) > maxRecentEvents || f.size > maxRecentBytes) {
		f.size -= len(f.recent[0].Task)
		f.dropped += len(f.recent[0].Task)
		f.recent = f.recent[1:]
	}
	if f.dropped > maxRecentBytes { // copy, to free the dropped events of the array
		f.recent, f.dropped = slices.Clone(f.recent), 0
	}
	f.head.Seq = events[len(events)-1].Seq
	f.wake()
}

func (f *Fanout) wake() {
	close(f.changed)
	f.changed = make(chan struct{})
}

// Cursor returns a reader of the events that follow at, whose epoch must be set.
func (f *Fanout) Cursor(at task.Position) *Cursor {
	f.mu.Lock()
	defer f.mu.Unlock()
	return &Cursor{fanout: f, at: at, resets: f.resets}
}

// Cursor is one reader's place in the log. It is used by one goroutine.
type Cursor struct {
	fanout *Fanout
	at     task.Position
	resets int // value of Fanout.resets when the log was last read
}

// Position is the position of the last event that Next has returned.
func (c *Cursor) Position() task.Position { return c.at }

// Next returns the events after the cursor and moves the cursor past them. If there are
// none now, it returns none, and a channel that is closed when there may be some. A
// *task.GoneError means that the log cannot be read from the cursor, which has moved to
// the Head of the error. Any other error comes from the log, and Next may be called
// again.
func (c *Cursor) Next(ctx context.Context) (events []task.Event, changed <-chan struct{}, err error) {
	events, changed, inLog := c.recent()
	if inLog {
		events, err = c.read(ctx)
	}
	if len(events) > 0 {
		c.at.Seq = events[len(events)-1].Seq
	}
	return events, changed, err
}

// recent returns the events after the cursor that are in memory. inLog says that the
// log has to be read.
func (c *Cursor) recent() (events []task.Event, changed <-chan struct{}, inLog bool) {
	f := c.fanout
	f.mu.Lock()
	defer f.mu.Unlock()
	if c.at.Epoch != f.head.Epoch || c.resets != f.resets {
		c.resets = f.resets
		return nil, f.changed, true
	}
	events, gap := Cut(c.at.Seq, f.recent)
	return events, f.changed, len(gap) > 0 || len(f.recent) == 0 && c.at.Seq < f.head.Seq
}

// read returns the events after the cursor from the log.
func (c *Cursor) read(ctx context.Context) ([]task.Event, error) {
	select {
	case c.fanout.reads <- struct{}{}:
		defer func() { <-c.fanout.reads }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	events, head, err := c.fanout.log.Read(ctx, c.at, readLimit)
	if gone, is := GoneOf(err); is {
		c.at = gone.Head
		return nil, err
	}
	if err == nil {
		c.at.Epoch = head.Epoch
	}
	return events, err
}
