package api

import (
	"sync"

	"github.com/taskctl/taskctl/pkg/task"
)

// Notifier wakes event streams when events are committed. Give it to the store
// as its publisher, by itself or in front of another.
type Notifier struct {
	next task.Publisher // told first: it reaches further

	mu     sync.Mutex
	latest batch
	wake   chan struct{} // closed at the next batch; nil while nobody waits
}

// batch is some events of one log, dense.
type batch struct {
	epoch  string
	events []task.Event
}

// NewNotifier returns a Notifier that passes on to next what it is told.
func NewNotifier(next task.Publisher) *Notifier { return &Notifier{next: next} }

var _ task.Publisher = (*Notifier)(nil)

// Publish implements [task.Publisher].
func (n *Notifier) Publish(epoch string, events []task.Event) {
	if n.next != nil {
		n.next.Publish(epoch, events)
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.latest = batch{epoch, events}
	if n.wake != nil {
		close(n.wake)
		n.wake = nil
	}
}

// wait returns the latest batch and a channel that is closed at the next one.
func (n *Notifier) wait() (batch, <-chan struct{}) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.wake == nil {
		n.wake = make(chan struct{})
	}
	return n.latest, n.wake
}

// after returns the events of the batch that follow p, where it joins on to p.
func (b batch) after(p task.Position) []task.Event {
	if len(b.events) == 0 || b.epoch != p.Epoch {
		return nil
	}
	first, last := b.events[0].Seq, b.events[len(b.events)-1].Seq
	if p.Seq+1 < first || p.Seq >= last {
		return nil
	}
	return b.events[p.Seq+1-first:]
}

// beyond reports whether the batch shows that there is more than p.
func (b batch) beyond(p task.Position) bool {
	return len(b.events) > 0 && (b.epoch != p.Epoch || b.events[len(b.events)-1].Seq > p.Seq)
}
