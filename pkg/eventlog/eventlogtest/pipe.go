package eventlogtest

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"

	"taskctl/pkg/task"
)

// Pipe is a broker inside one process. It delivers events in the publisher's goroutine
// while there is a subscriber, and drops them otherwise.
type Pipe struct {
	cut atomic.Bool

	mu      sync.Mutex
	deliver func(string, []task.Event)
	down    func()
}

var (
	_ task.Publisher  = (*Pipe)(nil)
	_ task.Subscriber = (*Pipe)(nil)
)

// Publish implements task.Publisher.
func (p *Pipe) Publish(epoch string, events []task.Event) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.deliver != nil && !p.cut.Load() {
		p.deliver(epoch, slices.Clone(events))
	}
}

// Subscribe implements task.Subscriber.
func (p *Pipe) Subscribe(ctx context.Context, deliver func(string, []task.Event), down func()) error {
	p.set(deliver, down)
	down()
	<-ctx.Done()
	p.set(nil, nil)
	return nil
}

func (p *Pipe) set(deliver func(string, []task.Event), down func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.deliver, p.down = deliver, down
}

// Connect sets whether a publisher is connected. Events that are published while none
// is are dropped.
func (p *Pipe) Connect(connected bool) {
	p.cut.Store(!connected)
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.down != nil {
		p.down()
	}
}

// Connected returns the last value of Connect; true before the first call.
func (p *Pipe) Connected() bool { return !p.cut.Load() }
