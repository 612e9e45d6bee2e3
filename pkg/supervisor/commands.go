package supervisor

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"taskctl/pkg/wait"
)

// Restart restarts the named components, or all if none is named: at the same time,
// except that a component is restarted after those it comes after. It returns when each
// is ready again or has failed to become ready; the failed ones are in RestartErrors. A
// component with [Spec.Unproven] counts as ready after one second. A component that was
// stopped, failed or backing off is started with a fresh budget; one that still waits
// for the components before it is not started. If ctx ends first, the restarts that
// have begun still happen.
func (s *Supervisor) Restart(ctx context.Context, names ...string) error {
	chosen, err := s.choose(names)
	if err != nil {
		return err
	}
	b := bringUp{s: s, want: wantRestart}
	defer b.forget()
	err = s.order().each(chosen, func(c *component) error {
		if waits := s.status(c).WaitsFor; len(waits) > 0 {
			b.refuse(c, waits)
			return nil
		}
		return b.start(ctx, c)
	})
	if err != nil {
		return err
	}
	return b.wait(ctx)
}

// Start starts the named components: at the same time, except that a component is
// started after those it comes after. One that runs already is left as it is. It
// returns when each is ready (a job: done) or has failed to become ready; the failed
// ones are in RestartErrors. So is a component that comes after others which have never
// been ready; it is started when they are.
func (s *Supervisor) Start(ctx context.Context, names ...string) error {
	chosen, err := s.choose(names)
	if err != nil {
		return err
	}
	b := bringUp{s: s, want: wantStart}
	defer b.forget()
	err = s.order().each(chosen, func(c *component) error {
		if waits := s.neverReady(c.spec.After); len(waits) > 0 {
			b.refuse(c, waits)
			s.startLater(c)
			return nil
		}
		return b.start(ctx, c)
	})
	if err != nil {
		return err
	}
	return b.wait(ctx)
}

// RestartFresh restarts a component whose files have changed, even if it has failed or
// is done, but not if it was stopped or never started. It does not wait until the
// component is ready.
func (s *Supervisor) RestartFresh(name string, files []string) error {
	c := s.component(name)
	if c == nil {
		return fmt.Errorf("%w: %q", ErrUnknown, name)
	}
	c.post(input{kind: wantFresh, files: files})
	return nil
}

// startLater starts a component, for which nobody waits, once the components before it
// are ready.
func (s *Supervisor) startLater(c *component) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if !wait.IsClosed(s.stopping) {
		s.startInOrder(c)
	}
}

func (s *Supervisor) neverReady(names []string) []string {
	return slices.DeleteFunc(slices.Clone(names), func(name string) bool {
		c := s.component(name)
		return c == nil || wait.IsClosed(c.firstReady)
	})
}

// Stop stops the named components, or all if none is named: at the same time, except
// that a component is stopped after those that come after it. It returns when all their
// processes have ended. They stay down until they are restarted.
func (s *Supervisor) Stop(ctx context.Context, names ...string) error {
	chosen, err := s.choose(names)
	if err != nil {
		return err
	}
	return s.order().reversed().each(chosen, func(c *component) error { return s.request(ctx, c, wantStop) })
}

// choose returns the named components in start order.
func (s *Supervisor) choose(names []string) ([]*component, error) {
	for _, name := range names {
		if s.component(name) == nil {
			return nil, fmt.Errorf("%w: %q", ErrUnknown, name)
		}
	}
	if !wait.IsClosed(s.running) {
		return nil, ErrNotRunning
	}
	if len(names) == 0 {
		return s.all(), nil
	}
	return slices.DeleteFunc(slices.Clone(s.all()), func(c *component) bool {
		return !slices.Contains(names, c.spec.Name)
	}), nil
}

// killRequestTimeout is how long the actors may take to accept the kill request. After
// it, their instances are killed directly.
const killRequestTimeout = 100 * time.Millisecond

// KillNow kills everything at once, in no order. Run then returns as soon as its
// context has ended.
func (s *Supervisor) KillNow() {
	if wait.IsClosed(s.running) {
		accepted := make(chan struct{})
		var requests sync.WaitGroup
		for _, c := range s.all() {
			requests.Go(func() { c.post(input{kind: wantKill}) })
		}
		go func() { requests.Wait(); close(accepted) }()
		select {
		case <-accepted:
		case <-time.After(killRequestTimeout):
		}
	}
	for _, c := range s.all() {
		for _, i := range c.record.instancesByAge() {
			i.Send(Kill)
		}
	}
}
