package supervisor

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"taskctl/pkg/wait"
)

// Supervisor keeps a set of components running. Its methods may be called from
// any goroutine.
type Supervisor struct {
	options   Options
	runID     string
	tags      *tags
	scans     *processScans
	startup   *startup
	waiterIDs atomic.Uint64
	running   chan struct{} // closed when Run has begun
	stopping  chan struct{} // closed when the orderly stop begins
	starts    sync.WaitGroup
	orphans   []Member      // set by endOrphans
	reloading chan struct{} // holds a value while a reload is in progress

	mu         sync.RWMutex
	components []*component // in start order
	byName     map[string]*component
	launch     func(*component) // runs an actor; set by Run
	retired    []StopResult     // of components that a reload has removed, if processes of them are left
}

// New checks the components and wires them; it starts nothing. It returns a *GraphError
// if they cannot be ordered.
func New(specs []Spec, o Options) (*Supervisor, error) {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	runID := o.RunState.runID()
	required := requiredOf(specs)
	s := &Supervisor{
		options: o, runID: runID, tags: newTags(runID), scans: &processScans{}, startup: newStartup(required), byName: make(map[string]*component),
		running: make(chan struct{}), stopping: make(chan struct{}), reloading: make(chan struct{}, 1),
	}
	if err := check(specs); err != nil {
		return nil, err
	}
	for _, spec := range specs {
		c := s.newComponent(spec)
		c.required = slices.Contains(required, spec.Name)
		s.byName[spec.Name] = c
	}
	s.sort(specs)
	return s, nil
}

// check returns the mistake in specs, or nil.
func check(specs []Spec) error {
	if _, err := StartOrder(specs); err != nil {
		return err
	}
	for _, spec := range specs {
		if spec.Runner == nil {
			return fmt.Errorf("component %q has no runner", spec.Name)
		}
	}
	return nil
}

// requiredOf returns the components that the start depends on: those without MayFail,
// and all that they come after.
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

// sort puts the components into the start order of specs, which have been checked.
func (s *Supervisor) sort(specs []Spec) {
	order, _ := StartOrder(specs)
	s.components = nil
	for _, name := range order {
		s.components = append(s.components, s.byName[name])
	}
}

func (s *Supervisor) newComponent(spec Spec) *component {
	spec = spec.withDefaults()
	c := &component{
		spec: spec, startup: s.startup, runState: s.options.RunState, id: componentID(s.runID, spec.Name), tags: s.tags, scans: s.scans,
		onChange: s.options.OnChange, onReadyAgain: func() { s.restartFollowers(spec.Name) },
		logger: s.options.Logger.With("component", spec.Name),
		inputs: make(chan input), done: make(chan struct{}), generations: make(map[uint64]*liveGeneration),
		firstReady: make(chan struct{}), retired: make(chan struct{}),
		rules:   rulesOf(spec),
		machine: machine{rules: rulesOf(spec)},
	}
	c.publish()
	return c
}

func rulesOf(spec Spec) rules {
	return rules{
		restart: spec.Restart, readyTimeout: spec.ReadyTimeout, stopTimeout: spec.StopTimeout,
		retireTimeout: spec.RetireTimeout, misses: spec.Health.Misses, rolling: spec.Rolling, job: spec.Job,
		unproven: spec.Unproven,
	}
}

// component returns the component with this name, or nil.
func (s *Supervisor) component(name string) *component {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.byName[name]
}

// all returns the components in start order.
func (s *Supervisor) all() []*component {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.components // replaced as a whole, never changed
}

// restartFollowers restarts the components that have name in their RestartWith.
func (s *Supervisor) restartFollowers(name string) {
	for _, c := range s.all() {
		if slices.Contains(c.spec.RestartWith, name) {
			c.post(input{kind: wantFollow})
		}
	}
}

// Run starts the components in order and keeps them running until ctx ends, then stops
// them in reverse order. It returns nil when all their processes have ended, or cannot
// be ended: see Receipt. It can be called once.
func (s *Supervisor) Run(ctx context.Context) error {
	if err := s.adoptOrphans(); err != nil {
		s.options.Logger.Warn("descendants that leave their parent may outlive it", "error", err)
	}
	defer s.endOrphans()
	var helpers sync.WaitGroup
	defer helpers.Wait()
	// The actors outlive ctx: they carry out the stop.
	actorCtx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	helpers.Go(func() { s.reapOrphans(actorCtx) })
	helpers.Go(func() { s.track(actorCtx) })

	s.mu.Lock()
	s.launch = func(c *component) { helpers.Go(func() { c.run(actorCtx) }) }
	for _, c := range s.components {
		s.launch(c)
	}
	close(s.running)
	s.startup.begin()
	for _, c := range s.components {
		s.startInOrder(c)
	}
	s.mu.Unlock()
	<-ctx.Done()
	s.mu.Lock() // waits for a reload in progress
	close(s.stopping)
	s.mu.Unlock()
	s.starts.Wait()
	// Not bounded by ctx, which has ended: each generation has its own deadline.
	return s.stopAll(context.WithoutCancel(ctx))
}

// Started is closed when every component that must be ready has been ready.
func (s *Supervisor) Started() <-chan struct{} { return s.startup.started }

// StartFailed is closed when the start has failed. Run does not return by itself: the
// caller ends its context, which stops the components.
func (s *Supervisor) StartFailed() <-chan struct{} { return s.startup.failed }

// StartError returns the *StartError after StartFailed, nil before.
func (s *Supervisor) StartError() error { return s.startup.error() }

// startInOrder starts a component when the components before it are ready, or done.
func (s *Supervisor) startInOrder(c *component) {
	if c.spec.Manual {
		return
	}
	s.starts.Go(func() {
		c.post(input{kind: wantWait})
		for _, name := range c.spec.After {
			if !s.awaitReady(name) {
				return
			}
		}
		c.post(input{kind: wantRun})
	})
}

// awaitReady returns true when a component is ready, and false when the stop begins.
func (s *Supervisor) awaitReady(name string) bool {
	for {
		c := s.component(name)
		if c == nil {
			return true // removed by a reload, so it is not waited for
		}
		select {
		case <-c.firstReady:
			return true
		case <-c.done: // replaced by a reload
		case <-s.stopping:
			return false
		}
		if wait.IsClosed(s.stopping) {
			return false
		}
	}
}

// stopAll stops each component without a restart, as soon as those that come after it
// have ended.
func (s *Supervisor) stopAll(ctx context.Context) error {
	stopped := make(chan error)
	go func() {
		stopped <- s.order().reversed().each(s.all(), func(c *component) error { return s.request(ctx, c, wantShutdown) })
	}()
	ticker := time.NewTicker(waitingInterval)
	defer ticker.Stop()
	for {
		select {
		case err := <-stopped:
			return err
		case <-ticker.C:
			if s.options.OnWaiting != nil {
				s.options.OnWaiting(s.waiting())
			}
		}
	}
}

// waitingInterval is how often OnWaiting is called while a stop waits.
const waitingInterval = time.Second

// waiting lists the components that the stop waits for, the longest first.
func (s *Supervisor) waiting() []Waiting {
	var list []Waiting
	for _, c := range s.all() {
		if w, waits := c.record.waiting(c.spec.Name); waits {
			list = append(list, w)
		}
	}
	slices.SortStableFunc(list, func(a, b Waiting) int { return cmp.Compare(b.For, a.For) })
	return list
}
