package wsserver

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"time"

	"taskctl/pkg/task"
)

const (
	// catchupWorkers is the number of goroutines that read the log.
	catchupWorkers = 2
	// catchupEvents is how many events one read returns. Reads begin at multiples
	// of it, so that clients at about the same position share them.
	catchupEvents = 256
	// catchupRetry is the pause after a read that failed or returned no event.
	catchupRetry = 100 * time.Millisecond
)

// catchup reads the log for clients that are behind the ring.
type catchup struct {
	log    task.Log
	logger *slog.Logger
	meter  *meter
	work   chan struct{} // holds a token while the queue may not be empty

	mu    sync.Mutex
	reads map[readKey]*logRead // requested or in progress
	queue []*logRead           // requested, the oldest first
	takes int
}

// readKey identifies a read: the events of stream that follow after.
type readKey struct {
	stream *stream
	after  uint64
}

type logRead struct {
	key     readKey
	waiting []*client
}

func newCatchup(log task.Log, logger *slog.Logger, m *meter) *catchup {
	return &catchup{
		log: log, logger: logger, meter: m,
		work:  make(chan struct{}, catchupWorkers),
		reads: make(map[readKey]*logRead),
	}
}

// request queues a read of the event after the client's cursor; [client.loaded]
// gets the result. c.mu is held.
func (u *catchup) request(c *client) {
	after := c.cursor - c.cursor%catchupEvents
	if c.exactRead { // the shared read does not reach the event
		after = c.cursor
	}
	key := readKey{c.stream, after}
	u.mu.Lock()
	defer u.mu.Unlock()
	l := u.reads[key]
	if l == nil {
		l = &logRead{key: key}
		u.reads[key] = l
		u.queue = append(u.queue, l)
	}
	l.waiting = append(l.waiting, c)
	u.signal()
}

// signal wakes a worker. u.mu is held.
func (u *catchup) signal() {
	select {
	case u.work <- struct{}{}:
	default: // there is a token for every worker
	}
}

// run does queued reads until ctx ends.
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

// take removes a read from the queue: alternately the one that most clients wait
// for, so that clients at about the same position share their next reads too, and
// the oldest one, so that no client waits for ever.
func (u *catchup) take() *logRead {
	u.mu.Lock()
	defer u.mu.Unlock()
	if len(u.queue) == 0 {
		return nil
	}
	next := 0
	if u.takes++; u.takes%2 == 0 {
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

// finish removes the read and returns the clients that wait for it. A later
// request starts a new read.
func (u *catchup) finish(l *logRead) []*client {
	u.mu.Lock()
	defer u.mu.Unlock()
	delete(u.reads, l.key)
	return l.waiting
}

// read returns a segment, or the error that its events are gone. It retries until
// the log answers, because the clients cannot get these events elsewhere.
func (u *catchup) read(ctx context.Context, key readKey) (*segment, *task.GoneError) {
	from := task.Position{Epoch: key.stream.epoch, Seq: key.after}
	for logged := false; ctx.Err() == nil; {
		events, _, err := u.log.Read(ctx, from, catchupEvents)
		var gone *task.GoneError
		switch {
		case err == nil && len(events) > 0:
			seg := segmentOf(events)
			key.stream.cache.add(seg)
			u.meter.catchupReads.Inc()
			return seg, nil
		case errors.As(err, &gone):
			return nil, gone
		case err != nil && !logged && ctx.Err() == nil:
			u.logger.Warn("read the event log for clients that are behind: retrying", "error", err)
			logged = true
		}
		select {
		case <-time.After(catchupRetry):
		case <-ctx.Done():
		}
	}
	return nil, nil
}
