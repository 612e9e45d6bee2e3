package supervisor

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"
)

// keptProbes is how many looks at a component's health a crash record holds.
const keptProbes = 5

// component is the actor around one machine: it takes inputs one at a time and
// carries out what the machine wants done. Only its goroutine touches its fields,
// but for those that are safe by themselves: spec, inputs, over, seen.
type component struct {
	spec   Spec
	boot   *boot
	strict bool // its death makes the start fail
	ledger *Ledger
	mark   string // what the marks of its generations begin with
	change func(Status)
	logger *slog.Logger

	inputs  chan input
	over    chan struct{} // closed when run has returned: later inputs go nowhere
	watches sync.WaitGroup
	machine machine
	lives   map[uint64]*running
	news    []func()  // to be told once the step is visible
	stop    Ending    // of the stop under way
	askedAt time.Time // when that was asked for

	firstReady chan struct{} // closed when it has been ready

	seen record
}

// post hands an input to the actor. It may be called from any goroutine but the actor's.
func (c *component) post(in input) {
	select {
	case c.inputs <- in:
	case <-c.over:
	}
}

// run is the actor. It ends with ctx, by which time nothing should be alive.
func (c *component) run(ctx context.Context) error {
	lives := context.WithoutCancel(ctx) // generations end by orders, not by this context
	defer c.watches.Wait()
	defer close(c.over)
	defer c.release()
	for {
		select {
		case in := <-c.inputs:
			c.take(lives, in)
		case <-ctx.Done():
			return nil
		}
	}
}

func (c *component) release() {
	for _, r := range c.lives {
		r.release()
	}
}

// take steps the machine, and again for what the actions themselves bring about.
// Those who wait are told last, so that they find the status they waited for.
func (c *component) take(ctx context.Context, in input) {
	for queue := []input{in}; len(queue) > 0; queue = queue[1:] {
		queue = append(queue, c.step(ctx, queue[0])...)
	}
	c.publish()
	for _, tell := range c.news {
		tell()
	}
	c.news = nil
}

func (c *component) step(ctx context.Context, in input) (more []input) {
	in.now = time.Now()
	in.jitter = rand.Float64()
	if (in.kind == wantStop || in.kind == wantEnd || in.kind == wantKill) && c.machine.intent != intentStop {
		c.askedAt, c.stop = in.now, Ending{}
		c.seen.stopping(in.now)
	}
	var actions []action
	c.boot.during(func(booting bool) *StartError {
		in.strict = booting && c.strict
		c.machine, actions = c.machine.step(in)
		for _, a := range actions {
			if a.kind == doFailStart {
				return &StartError{Component: c.spec.Name, Exit: a.exit, Lines: c.lines(a.generation)}
			}
		}
		return nil
	})
	for _, a := range actions {
		more = append(more, c.act(ctx, a)...)
	}
	return more
}

func (c *component) lines(generation uint64) []string {
	if r := c.lives[generation]; r != nil && r.instance != nil {
		return r.instance.Lines()
	}
	return nil
}

func (c *component) act(ctx context.Context, a action) []input {
	r := c.lives[a.generation]
	switch a.kind {
	case doSpawn:
		return c.spawn(ctx, a)
	case doTell:
		if r != nil && r.instance != nil {
			if a.order != Accept && r.unwatch != nil {
				r.unwatch() // it is to end: how well it answers meanwhile says nothing
			}
			r.instance.Tell(a.order)
		}
	case doTimer:
		timer := c.timer(a.after, input{kind: a.timer, generation: a.generation})
		if r == nil { // of a generation to come
			r = &running{}
			c.lives[a.generation] = r
		}
		r.timers = append(r.timers, timer)
	case doWatch:
		c.logger.Info("component ready", "generation", a.generation, "took", time.Since(r.startedAt))
		c.watch(ctx, a.generation, r)
		c.news = append(c.news, c.beenReady)
	case doEnded:
		c.ended(ctx, a)
	case doFail:
		c.logger.Error("component failed", "exit", a.exit.String(), "deaths", len(c.machine.deaths))
		if c.spec.OnFailed != nil {
			c.spec.OnFailed()
		}
	case doFailStart:
		c.logger.Error("start failed", "exit", a.exit.String())
		c.news = append(c.news, c.boot.announce)
	case doAnswer:
		err := c.complete(a.err)
		c.news = append(c.news, func() { c.seen.answer(a.ticket, err) })
	}
	return nil
}

// catchUp is how long those who were waited for get to be heard after this
// process itself has slept through their deadline (Ctrl+Z, a suspended machine).
const catchUp = time.Second

// timer posts an input when the time is over.
func (c *component) timer(after time.Duration, in input) *time.Timer {
	due := time.Now().Add(after)
	return time.AfterFunc(after, func() {
		if time.Since(due) > catchUp {
			select {
			case <-time.After(catchUp):
			case <-c.over:
			}
		}
		c.post(in)
	})
}

func (c *component) beenReady() {
	if !isClosed(c.firstReady) {
		close(c.firstReady)
	}
	c.boot.ready(c.spec.Name)
}

// complete turns the machine's error into one for people.
func (c *component) complete(err error) error {
	var fresh *freshError
	if !errors.As(err, &fresh) {
		return err
	}
	return &RestartError{
		Component: c.spec.Name, Exit: fresh.exit, OldServes: fresh.oldServes,
		Lines: c.seen.lastLines(fresh.generation),
	}
}

func (c *component) budget() Budget {
	policy := c.machine.rules.restart
	return Budget{
		Deaths: len(recent(c.machine.deaths, time.Now(), policy.Window)), Max: policy.Max, Window: policy.Window, NextTry: c.machine.retryAt,
	}
}

// publish makes the machine's state what others see.
func (c *component) publish() {
	m := &c.machine
	s := Status{
		Name: c.spec.Name, State: m.state(), Generation: m.last, Restarts: m.restarts, Budget: c.budget(),
		Suspended: m.suspended, Misses: m.misses,
	}
	if m.intent == intentWait {
		s.WaitsFor = c.spec.After
	}
	if r := c.lives[m.current.number]; m.current.alive() && r != nil {
		s.Generation, s.StartedAt, s.ReadyAt = m.current.number, r.startedAt, m.current.readyAt
		if r.instance != nil {
			s.PID = r.instance.PID()
		}
	}
	if s, changed := c.seen.publish(s, m.deaths); changed && c.change != nil && m.intent != intentNone {
		c.change(s)
	}
}
