package eventlog

import (
	"context"
	"sync/atomic"

	"taskctl/pkg/task"
)

// maxRelayed is how many batches may wait for the subscriber of a Relay.
const maxRelayed = 256

// Relay is a [task.Publisher] that passes events on to another one, and a
// [task.Subscriber] that delivers the same events within the process.
type Relay struct {
	next    task.Publisher // gets the events first, because they have further to go; may be nil
	queue   chan batch
	dropped atomic.Bool // batches did not fit into the queue
}

type batch struct {
	epoch  string
	events []task.Event
}

var (
	_ task.Publisher  = (*Relay)(nil)
	_ task.Subscriber = (*Relay)(nil)
)

// NewRelay returns a Relay in front of next, which may be nil.
func NewRelay(next task.Publisher) *Relay {
	return &Relay{next: next, queue: make(chan batch, maxRelayed)}
}

// Publish implements [task.Publisher].
func (r *Relay) Publish(epoch string, events []task.Event) {
	if r.next != nil {
		r.next.Publish(epoch, events)
	}
	select {
	case r.queue <- batch{epoch, events}:
	default:
		r.dropped.Store(true) // the queue is full, so the subscriber will take a batch and see this
	}
}

// Subscribe implements [task.Subscriber].
func (r *Relay) Subscribe(ctx context.Context, deliver func(string, []task.Event), missed func()) error {
	for {
		select {
		case b := <-r.queue:
			deliver(b.epoch, b.events)
			if r.dropped.Swap(false) {
				missed()
			}
		case <-ctx.Done():
			return nil
		}
	}
}
