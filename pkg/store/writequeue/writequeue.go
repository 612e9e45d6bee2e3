// Package writequeue is the queue between the callers of a store's Write and the one
// goroutine that commits. All writes that are queued when a commit ends form the next
// batch. There is no timer: a single write starts at once, and the busier the store is,
// the more writes share a commit.
package writequeue

import (
	"context"
	"fmt"
	"runtime"

	"taskctl/pkg/task"
	"taskctl/pkg/wait"
)

// Write is one queued change, and then its answer.
type Write struct {
	Ctx    context.Context
	Change task.Change
	Result task.Result
	Err    error

	done chan struct{} // closed when Result and Err are set
}

// Answer tells the caller that Result and Err are set.
func (w *Write) Answer() { close(w.done) }

// Queue holds the writes that wait for a commit.
type Queue struct {
	writes  chan *Write
	closing chan struct{} // closed when no more writes are accepted
	stopped chan struct{} // closed when no more queued writes will be committed
}

// New returns a queue of at most size writes.
func New(size int) *Queue {
	return &Queue{writes: make(chan *Write, size), closing: make(chan struct{}), stopped: make(chan struct{})}
}

// ErrClosed is the answer of a store that has been closed.
var ErrClosed = fmt.Errorf("store closed: %w", task.ErrUnavailable)

// Do queues a change and waits for its answer.
func (q *Queue) Do(ctx context.Context, c task.Change) (task.Result, error) {
	if err := ctx.Err(); err != nil {
		return task.Result{}, err
	}
	if q.Closed() {
		return task.Result{}, ErrClosed
	}
	w := &Write{Ctx: ctx, Change: c, done: make(chan struct{})}
	select {
	case q.writes <- w:
	default:
		return task.Result{}, fmt.Errorf("write queue full: %w", task.ErrUnavailable)
	}
	select {
	case <-w.done:
		return w.Result, w.Err
	case <-ctx.Done():
		return task.Result{}, ctx.Err()
	case <-q.stopped:
	}
	select {
	case <-w.done:
		return w.Result, w.Err
	default: // queued while the writer was ending
		return task.Result{}, ErrClosed
	}
}

// Close refuses new writes. Queued ones are still committed.
func (q *Queue) Close() { close(q.closing) }

// Closing is closed by Close.
func (q *Queue) Closing() <-chan struct{} { return q.closing }

// Closed reports whether Close was called.
func (q *Queue) Closed() bool { return wait.IsClosed(q.closing) }

// Stop is the writer's last call: writes that are still queued get ErrClosed.
func (q *Queue) Stop() { close(q.stopped) }

// Stopped is closed by Stop.
func (q *Queue) Stopped() <-chan struct{} { return q.stopped }

// Writes delivers the first write of each batch to the writer.
func (q *Queue) Writes() <-chan *Write { return q.writes }

// Len is the number of queued writes.
func (q *Queue) Len() int { return len(q.writes) }

// Collect adds queued writes to the batch, up to limit. It first yields, so that
// callers that have just got their answer can queue their next write: otherwise each
// large batch is followed by a batch of one, and each write waits for two commits.
func (q *Queue) Collect(batch []*Write, limit int) []*Write {
	runtime.Gosched()
	for len(batch) < limit {
		select {
		case w := <-q.writes:
			batch = append(batch, w)
		default:
			return batch
		}
	}
	return batch
}
