package launcher

import (
	"slices"
	"sync"
	"time"

	"github.com/taskctl/taskctl/pkg/config"
	"github.com/taskctl/taskctl/pkg/supervisor"
)

// patience is how long the start waits for the user's own components: theirs may
// be slow, and ours serve meanwhile.
const patience = 5 * time.Second

// latecomers are the user's own components of which it is not yet known how
// their start goes: not ready, and not in trouble.
type latecomers struct {
	components []config.Component

	mu      sync.Mutex
	waiting map[string]bool
	none    chan struct{} // closed when nobody is waited for any more
}

func newLatecomers(components []config.Component) *latecomers {
	l := &latecomers{components: components, waiting: map[string]bool{}, none: make(chan struct{})}
	for _, c := range components {
		l.waiting[c.Name] = true
	}
	if len(l.waiting) == 0 {
		close(l.none)
	}
	return l
}

// changed takes note of a component's new status.
func (l *latecomers) changed(now supervisor.Status) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.waiting) == 0 {
		return
	}
	switch {
	case now.State == supervisor.StateReady:
		delete(l.waiting, now.Name)
	case now.LastExit != nil, now.State == supervisor.StateFailed:
		l.giveUp(now.Name)
	}
	if len(l.waiting) == 0 {
		close(l.none)
	}
}

// giveUp waits no longer for a component in trouble, nor for those that come
// after it; l.mu is held.
func (l *latecomers) giveUp(name string) {
	delete(l.waiting, name)
	for _, c := range l.components {
		if l.waiting[c.Name] && slices.Contains(c.After, name) {
			l.giveUp(c.Name)
		}
	}
}
