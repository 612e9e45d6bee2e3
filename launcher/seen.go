package launcher

import (
	"context"
	"sync"

	"github.com/taskctl/taskctl/pkg/task"
)

// seenPosition is the last event that the consumer has said it has, and whoever
// waits for it.
type seenPosition struct {
	mu      sync.Mutex
	at      task.Position
	changed chan struct{} // closed and replaced at every change
}

func newSeenPosition() *seenPosition { return &seenPosition{changed: make(chan struct{})} }

// note takes the consumer's word, a position as text.
func (s *seenPosition) note(text string) {
	at, err := task.ParsePosition(text)
	if err != nil {
		return // not a position: nothing of ours says that
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.at = at
	close(s.changed)
	s.changed = make(chan struct{})
}

// last is the event that the consumer has; the zero Position before its first.
func (s *seenPosition) last() task.Position {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.at
}

// wait returns once the consumer has the event at p, or with the context's error.
func (s *seenPosition) wait(ctx context.Context, p task.Position) error {
	for {
		s.mu.Lock()
		at, changed := s.at, s.changed
		s.mu.Unlock()
		if at.Epoch == p.Epoch && at.Seq >= p.Seq {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
