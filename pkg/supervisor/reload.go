package supervisor

import (
	"context"
	"slices"

	"taskctl/pkg/wait"
)

// Change is what a reload did.
type Change struct {
	Started   []string `json:"started,omitempty"`   // new in the settings
	Stopped   []string `json:"stopped,omitempty"`   // no longer in the settings
	Restarted []string `json:"restarted,omitempty"` // whose specs had changed
	Updated   []string `json:"updated,omitempty"`   // kept running, under other rules
}

// Update adds components that keep running with other settings.
func (c *Change) Update(names []string) {
	for _, name := range names {
		if !slices.Contains(slices.Concat(c.Started, c.Stopped, c.Restarted, c.Updated), name) {
			c.Updated = append(c.Updated, name)
		}
	}
}

// Reload replaces the components by those of specs. It compares them by name and
// Digest: new ones are started, missing ones are stopped, and changed ones are
// restarted. The others keep running, but get their new order, restart policy and
// timeouts. If specs are refused, nothing changes. Reload returns when the new and the
// changed components are ready or have failed to become ready; the failed ones are in
// RestartErrors. If ctx ends first, the reload still happens.
func (s *Supervisor) Reload(ctx context.Context, specs []Spec) (Change, error) {
	if err := check(specs); err != nil {
		return Change{}, err
	}
	select {
	case s.reloading <- struct{}{}: // one at a time
		defer func() { <-s.reloading }()
	case <-ctx.Done():
		return Change{}, ctx.Err()
	}
	if !wait.IsClosed(s.running) || wait.IsClosed(s.stopping) {
		return Change{}, ErrNotRunning
	}
	change := s.compare(specs)
	if err := s.stopFor(context.WithoutCancel(ctx), change); err != nil {
		return Change{}, err
	}
	begun, err := s.replace(specs, change)
	if err != nil {
		return Change{}, err
	}
	for _, spec := range specs {
		if slices.Contains(change.Updated, spec.Name) {
			c := s.component(spec.Name)
			c.rules = rulesOf(spec.withDefaults())
			c.post(input{kind: wantRules, rules: c.rules})
		}
	}
	b := bringUp{s: s, want: wantStart}
	defer b.forget()
	err = s.order().each(begun, func(c *component) error {
		if waits := s.neverReady(c.spec.After); len(waits) > 0 || c.spec.Manual {
			return nil // startInOrder starts it later
		}
		return b.start(ctx, c)
	})
	if err != nil {
		return change, err
	}
	return change, b.wait(ctx)
}

// stopFor stops the components that a reload removes or replaces.
func (s *Supervisor) stopFor(ctx context.Context, change Change) error {
	ending := slices.DeleteFunc(slices.Clone(s.all()), func(c *component) bool {
		return !slices.Contains(change.Stopped, c.spec.Name) && !slices.Contains(change.Restarted, c.spec.Name)
	})
	return s.order().reversed().each(ending, func(c *component) error { return s.request(ctx, c, wantShutdown) })
}

func (s *Supervisor) compare(specs []Spec) Change {
	var change Change
	wanted := make(map[string]bool)
	for _, spec := range specs {
		wanted[spec.Name] = true
		switch c := s.component(spec.Name); {
		case c == nil:
			change.Started = append(change.Started, spec.Name)
		case c.spec.Digest != spec.Digest:
			change.Restarted = append(change.Restarted, spec.Name)
		case c.rules != rulesOf(spec.withDefaults()):
			change.Updated = append(change.Updated, spec.Name)
		}
	}
	for _, c := range s.all() {
		if !wanted[c.spec.Name] {
			change.Stopped = append(change.Stopped, c.spec.Name)
		}
	}
	return change
}

// replace replaces the stopped components by new ones, and begins to start these. It
// returns the new ones in start order.
func (s *Supervisor) replace(specs []Spec, change Change) (begun []*component, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if wait.IsClosed(s.stopping) {
		return nil, ErrStopped
	}
	for _, name := range slices.Concat(change.Stopped, change.Restarted) {
		s.retire(s.byName[name])
		delete(s.byName, name)
	}
	for _, spec := range specs {
		if s.byName[spec.Name] == nil {
			c := s.newComponent(spec)
			s.byName[spec.Name] = c
			s.launch(c)
		}
	}
	s.sort(specs)
	for _, c := range s.components {
		if slices.Contains(change.Started, c.spec.Name) || slices.Contains(change.Restarted, c.spec.Name) {
			begun = append(begun, c)
			s.startInOrder(c)
		}
	}
	return begun, nil
}

// retire ends the actor of a component that has been stopped for good, and keeps the
// processes that could not be ended for the receipt.
func (s *Supervisor) retire(c *component) {
	if e := c.record.receipt(); len(e.Left) > 0 {
		e.Component = c.spec.Name
		s.retired = append(s.retired, e)
	}
	close(c.retired)
}
