package supervisor

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/oklog/run"
)

// Supervisor keeps a set of components running. Its methods may be called from
// any goroutine.
type Supervisor struct {
	components []*component // in start order
	byName     map[string]*component
	boot       *boot
	onWaiting  func([]Waiting)
	tickets    atomic.Uint64
	running    chan struct{} // closed when Run has begun
}

// New checks the components and wires them. A *GraphError where they cannot be
// ordered. Nothing is started.
func New(specs []Spec, o Options) (*Supervisor, error) {
	order, err := StartOrder(specs)
	if err != nil {
		return nil, err
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	required := requiredOf(specs)
	s := &Supervisor{
		byName: make(map[string]*component), boot: newBoot(required), onWaiting: o.OnWaiting, running: make(chan struct{}),
	}
	mark := o.Ledger.runMark()
	for _, spec := range specs {
		if spec.Runner == nil {
			return nil, fmt.Errorf("component %q has no runner", spec.Name)
		}
		spec = spec.withDefaults()
		c := &component{
			spec: spec, boot: s.boot, strict: slices.Contains(required, spec.Name),
			ledger: o.Ledger, mark: componentMark(mark, spec.Name), change: o.OnChange,
			logger: o.Logger.With("component", spec.Name),
			inputs: make(chan input), over: make(chan struct{}), lives: make(map[uint64]*running),
			firstReady: make(chan struct{}),
			machine: machine{rules: rules{
				restart: spec.Restart, readyTimeout: spec.ReadyTimeout, stopTimeout: spec.StopTimeout,
				retireTimeout: spec.RetireTimeout, misses: spec.Health.Misses, rolling: spec.Rolling,
			}},
		}
		c.publish()
		s.byName[spec.Name] = c
	}
	for _, name := range order {
		s.components = append(s.components, s.byName[name])
	}
	return s, nil
}

// requiredOf returns the components that the start depends on: those that may
// not fail, and whatever those come after.
func requiredOf(specs []Spec) []string {
	byName := make(map[string]Spec)
	for _, s := range specs {
		byName[s.Name] = s
	}
	var required []string
	var require func(name string)
	require = func(name string) {
		if !slices.Contains(required, name) {
			required = append(required, name)
			for _, before := range byName[name].After {
				require(before)
			}
		}
	}
	for _, s := range specs {
		if !s.MayFail {
			require(s.Name)
		}
	}
	return required
}

// Run starts the components in order and keeps them running until ctx ends,
// stops them in reverse order, and returns nil when nothing is left of them, or
// nothing that can be helped: see Receipt. It can be called once.
func (s *Supervisor) Run(ctx context.Context) error {
	close(s.running)
	var group run.Group
	for _, c := range s.components {
		// The actors outlive ctx: they carry out the stop.
		actor, cancel := context.WithCancel(context.WithoutCancel(ctx))
		group.Add(func() error { return c.run(actor) }, func(error) { cancel() })
	}
	conducting, cancel := context.WithCancel(ctx)
	group.Add(func() error { return s.conduct(conducting) }, func(error) { cancel() })
	return group.Run()
}

// Started is closed when every component that must be ready has been ready.
func (s *Supervisor) Started() <-chan struct{} { return s.boot.started }

// StartFailed is closed when the start cannot succeed any more. Run goes on:
// its context has to be ended, which stops what has been started.
func (s *Supervisor) StartFailed() <-chan struct{} { return s.boot.failed }

// StartError returns the *StartError after StartFailed, nil before.
func (s *Supervisor) StartError() error { return s.boot.error() }

// Restart restarts components, all of them when none is named, one after the
// other in start order, and returns when each is ready again, or will not be:
// RestartErrors. A component that was stopped, failed or backing off is started
// with a fresh budget; one that still waits for those before it is not. When ctx
// ends first, what was asked for still happens.
func (s *Supervisor) Restart(ctx context.Context, names ...string) error {
	chosen, err := s.choose(names)
	if err != nil {
		return err
	}
	var failed RestartErrors
	for _, c := range chosen {
		if waits := s.status(c).WaitsFor; len(waits) > 0 {
			failed = append(failed, &RestartError{Component: c.spec.Name, WaitsFor: waits})
			continue
		}
		var one *RestartError
		switch err := s.ask(ctx, c, wantRestart); {
		case errors.As(err, &one):
			failed = append(failed, one)
		case err != nil:
			return err
		}
	}
	if len(failed) > 0 {
		return failed
	}
	return nil
}

// Stop stops components, all of them when none is named, in reverse start
// order, and returns when nothing is left of them. They stay down until they
// are restarted.
func (s *Supervisor) Stop(ctx context.Context, names ...string) error {
	chosen, err := s.choose(names)
	if err != nil {
		return err
	}
	for _, c := range slices.Backward(chosen) {
		if err := s.ask(ctx, c, wantStop); err != nil {
			return err
		}
	}
	return nil
}

// choose returns the named components in start order.
func (s *Supervisor) choose(names []string) ([]*component, error) {
	for _, name := range names {
		if s.byName[name] == nil {
			return nil, fmt.Errorf("%w: %q", ErrUnknown, name)
		}
	}
	if !isClosed(s.running) {
		return nil, ErrNotRunning
	}
	if len(names) == 0 {
		return s.components, nil
	}
	return slices.DeleteFunc(slices.Clone(s.components), func(c *component) bool {
		return !slices.Contains(names, c.spec.Name)
	}), nil
}

// ask states an intent and waits until it has come true.
func (s *Supervisor) ask(ctx context.Context, c *component, want inputKind) error {
	id := s.tickets.Add(1)
	answer := c.seen.expect(id)
	defer c.seen.forget(id)
	c.post(input{kind: want, ticket: id})
	select {
	case err := <-answer:
		return err
	case <-c.over:
		return ErrNotRunning
	case <-ctx.Done():
		return ctx.Err()
	}
}

// KillNow kills everything at once, in no order. Run returns soon after, when
// its context has ended or ends.
func (s *Supervisor) KillNow() {
	for _, c := range s.components {
		for _, i := range c.seen.living() {
			i.Tell(Kill)
		}
	}
	if !isClosed(s.running) {
		return
	}
	for _, c := range s.components {
		c.post(input{kind: wantKill})
	}
}

// Status returns what there is to know of each component, in start order.
func (s *Supervisor) Status() []Status {
	all := make([]Status, len(s.components))
	for i, c := range s.components {
		all[i] = s.status(c)
	}
	return all
}

// status is what c has published; which of those before it are ready only we know.
func (s *Supervisor) status(c *component) Status {
	st := c.seen.read()
	st.WaitsFor = slices.DeleteFunc(slices.Clone(st.WaitsFor), func(name string) bool {
		return s.byName[name].seen.read().State == StateReady
	})
	return st
}

// Why returns the record of the last time a component died. ErrUnknown for a
// name that nobody has; false when it has not died.
func (s *Supervisor) Why(name string) (CrashRecord, bool, error) {
	c := s.byName[name]
	if c == nil {
		return CrashRecord{}, false, fmt.Errorf("%w: %q", ErrUnknown, name)
	}
	record, died := c.seen.why()
	return record, died, nil
}

// Receipt says how each component ended, in the order in which they are
// stopped. It is complete once Run has returned.
func (s *Supervisor) Receipt() []Ending {
	var all []Ending
	for _, c := range slices.Backward(s.components) {
		e := c.seen.receipt()
		e.Component = c.spec.Name
		all = append(all, e)
	}
	return all
}

// conduct starts everything, waits for ctx to end, and stops everything.
func (s *Supervisor) conduct(ctx context.Context) error {
	s.boot.begin()
	var starts sync.WaitGroup
	for _, c := range s.components {
		starts.Go(func() { s.start(ctx, c) })
	}
	<-ctx.Done()
	starts.Wait()
	// Not bounded by ctx, which has ended: each generation has its own deadline.
	return s.end(context.WithoutCancel(ctx))
}

// start brings a component up when those before it have been ready.
func (s *Supervisor) start(ctx context.Context, c *component) {
	c.post(input{kind: wantWait})
	for _, before := range c.spec.After {
		select {
		case <-s.byName[before].firstReady:
		case <-ctx.Done():
			return
		}
	}
	c.post(input{kind: wantRun})
}

// end stops each component for good when those that come after it are gone.
func (s *Supervisor) end(ctx context.Context) error {
	gone := make(map[string]chan struct{}, len(s.components))
	for _, c := range s.components {
		gone[c.spec.Name] = make(chan struct{})
	}
	errs := make(chan error, len(s.components))
	for _, c := range s.components {
		go func() {
			for _, other := range s.components {
				if slices.Contains(other.spec.After, c.spec.Name) {
					<-gone[other.spec.Name]
				}
			}
			errs <- s.ask(ctx, c, wantEnd)
			close(gone[c.spec.Name])
		}()
	}
	ticker := time.NewTicker(waitingEvery)
	defer ticker.Stop()
	var all []error
	for len(all) < len(s.components) {
		select {
		case err := <-errs:
			all = append(all, err)
		case <-ticker.C:
			if s.onWaiting != nil {
				s.onWaiting(s.waiting())
			}
		}
	}
	return errors.Join(all...)
}

// waitingEvery is how often people hear whom a stop waits for.
const waitingEvery = time.Second

// waiting lists whom the stop waits for, the longest first.
func (s *Supervisor) waiting() []Waiting {
	var list []Waiting
	for _, c := range s.components {
		if w, waits := c.seen.waiting(c.spec); waits {
			list = append(list, w)
		}
	}
	slices.SortStableFunc(list, func(a, b Waiting) int { return cmp.Compare(b.For, a.For) })
	return list
}
