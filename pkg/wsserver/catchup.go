package wsserver

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/taskctl/taskctl/pkg/task"
)

const (
	// catchupWorkers read the log for everybody who is behind.
	catchupWorkers = 2
	// catchupEvents is how many events are read at a time. Reads begin at its
	// multiples, so that clients who are at about the same place share them.
	catchupEvents = 256
	// catchupRetry is the pause after a read that failed, or brought nothing.
	catchupRetry = 100 * time.Millisecond
)

// catchup reads the log for clients that have fallen off the ring.
type catchup struct {
	log    task.Log
	logger *slog.Logger
	meter  *meter
	work   chan struct{} // has a token while the queue may not be empty

	mu    sync.Mutex
	loads map[loadKey]*load // wanted or under way
	queue []*load           // wanted, the oldest first
	turn  int
}

// loadKey names a read: the events of stream that follow after.
type loadKey struct {
	stream *stream
	after  uint64
}

type load struct {
	key     loadKey
	waiting []*client
}

func newCatchup(log task.Log, logger *slog.Logger, m *meter) *catchup {
	return &catchup{
		log: log, logger: logger, meter: m,
		work:  make(chan struct{}, catchupWorkers),
		loads: make(map[loadKey]*load),
	}
}

// request has the event after the client's cursor read, and the client told.
// c.mu is held.
func (u *catchup) request(c *client) {
	after := c.cursor - c.cursor%catchupEvents
	if c.exact { // the shared read does not reach the event
		after = c.cursor
	}
	key := loadKey{c.stream, after}
	u.mu.Lock()
	defer u.mu.Unlock()
	l := u.loads[key]
	if l == nil {
		l = &load{key: key}
		u.loads[key] = l
		u.queue = append(u.queue, l)
	}
	l.waiting = append(l.waiting, c)
	u.signal()
}

// signal wakes a worker. u.mu is held.
func (u *catchup) signal() {
	select {
	case u.work <- struct{}{}:
	default: // as many tokens as workers are there
	}
}

// run works until ctx ends.
func (u *catchup) run(ctx context.Context) {
	for {
		select {
		case <-u.work:
		case <-ctx.Done():
			return
		}
		for l := u.take(); l != nil; l = u.take() {
			seg, gone := u.read(ctx, l.key)
			if ctx.Err() != nil {
				return
			}
			for _, c := range u.finish(l) {
				c.loaded(l.key, seg, gone)
			}
		}
	}
}

// take returns the next read to do: in turns the one that most clients wait for,
// which makes those who are at about the same place share more and more, and the
// oldest, so that nobody waits for ever.
func (u *catchup) take() *load {
	u.mu.Lock()
	defer u.mu.Unlock()
	if len(u.queue) == 0 {
		return nil
	}
	next := 0
	if u.turn++; u.turn%2 == 0 {
		for i, l := range u.queue {
			if len(l.waiting) > len(u.queue[next].waiting) {
				next = i
			}
		}
	}
	l := u.queue[next]
	if u.queue = slices.Delete(u.queue, next, next+1); len(u.queue) > 0 {
		u.signal()
	}
	return l
}

// finish takes the read off the list; whoever wants it from now on asks anew.
func (u *catchup) finish(l *load) []*client {
	u.mu.Lock()
	defer u.mu.Unlock()
	delete(u.loads, l.key)
	return l.waiting
}

// read returns a segment, or why there is none. It asks until the log answers:
// the clients have nowhere else to go.
func (u *catchup) read(ctx context.Context, key loadKey) (*segment, *task.GoneError) {
	from := task.Position{Epoch: key.stream.epoch, Seq: key.after}
	for said := false; ctx.Err() == nil; {
		events, _, err := u.log.Read(ctx, from, catchupEvents)
		var gone *task.GoneError
		switch {
		case err == nil && len(events) > 0:
			seg := segmentOf(events)
			key.stream.history.add(seg)
			u.meter.catchupReads.Inc()
			return seg, nil
		case errors.As(err, &gone):
			return nil, gone
		case err != nil && !said && ctx.Err() == nil:
			u.logger.Warn("reading the event log for clients that are behind", "error", err)
			said = true
		}
		select {
		case <-time.After(catchupRetry):
		case <-ctx.Done():
		}
	}
	return nil, nil
}
