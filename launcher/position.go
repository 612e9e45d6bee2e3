package launcher

import (
	"context"
	"sync"

	"taskctl/pkg/task"
)

// consumerPosition is the position of the last event that the consumer has printed.
type consumerPosition struct {
	mu      sync.Mutex
	at      task.Position
	changed chan struct{} // closed and replaced at every change
}

func newConsumerPosition() *consumerPosition { return &consumerPosition{changed: make(chan struct{})} }

// set records a position that the consumer reported.
func (p *consumerPosition) set(at task.Position) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.at = at
	close(p.changed)
	p.changed = make(chan struct{})
}

// last is the position of the last event; zero before the first.
func (p *consumerPosition) last() task.Position {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.at
}

// wait returns nil once the consumer has printed the event at a position, or the error
// of ctx.
func (p *consumerPosition) wait(ctx context.Context, wanted task.Position) error {
	for {
		p.mu.Lock()
		at, changed := p.at, p.changed
		p.mu.Unlock()
		if at.Epoch == wanted.Epoch && at.Seq >= wanted.Seq {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
