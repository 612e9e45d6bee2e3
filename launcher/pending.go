package launcher

import (
	"slices"
	"sync"

	"taskctl/pkg/config"
	"taskctl/pkg/supervisor"
)

// pendingComponents are the user's own components that have neither become ready nor
// died since the start.
type pendingComponents struct {
	components []config.Component

	mu      sync.Mutex
	pending map[string]bool
	none    chan struct{} // closed when no component is pending any more
}

func newPendingComponents(components []config.Component) *pendingComponents {
	p := &pendingComponents{components: components, pending: map[string]bool{}, none: make(chan struct{})}
	for _, c := range components {
		if !c.Manual {
			p.pending[c.Name] = true
		}
	}
	if len(p.pending) == 0 {
		close(p.none)
	}
	return p
}

// changed updates the list with a component's new status.
func (p *pendingComponents) changed(now supervisor.Status) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.pending) == 0 {
		return
	}
	switch {
	case now.State == supervisor.StateReady, now.State == supervisor.StateDone:
		delete(p.pending, now.Name)
	case now.LastExit != nil, now.State == supervisor.StateFailed:
		p.drop(now.Name)
	}
	if len(p.pending) == 0 {
		close(p.none)
	}
}

// drop removes a component that died, and all that come after it. p.mu is held.
func (p *pendingComponents) drop(name string) {
	delete(p.pending, name)
	for _, c := range p.components {
		if p.pending[c.Name] && slices.Contains(c.After, name) {
			p.drop(c.Name)
		}
	}
}
