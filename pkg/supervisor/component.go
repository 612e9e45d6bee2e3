package supervisor

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

	"taskctl/pkg/wait"
)

// maxProbes is how many health checks a crash record holds.
const maxProbes = 5

// component is the actor around one machine: it takes inputs one at a time and carries
// out the actions that the machine returns. Only its goroutine uses its fields, except
// for spec, the channels and record, which are safe to share, and rules.
type component struct {
	spec         Spec
	startup      *startup
	required     bool // its death makes the start fail
	runState     *RunState
	rules        rules  // those that the machine was last given; used by Reload only
	id           string // prefix of the IDs of its generations
	tags         *tags
	scans        *processScans
	onReadyAgain func() // called in a goroutine each time it is ready, except the first
	onChange     func(Status)
	logger       *slog.Logger

	inputs        chan input
	done          chan struct{} // closed when run has returned; later inputs are dropped
	retired       chan struct{} // closed when a reload has removed it
	watchers      sync.WaitGroup
	machine       machine
	generations   map[uint64]*liveGeneration
	notifications []func()   // called after the step has been published
	stop          StopResult // of the stop in progress
	askedAt       time.Time  // when the stop was requested
	fileChange    *FileChange

	firstReady chan struct{} // closed when it is ready for the first time

	record record
}

// post hands an input to the actor. It may be called from any goroutine but the actor's.
func (c *component) post(in input) {
	select {
	case c.inputs <- in:
	case <-c.done:
	}
}

// run is the actor. It returns when ctx ends; no generation should be alive then.
func (c *component) run(ctx context.Context) {
	generationCtx := context.WithoutCancel(ctx) // generations are ended by requests, not by this context
	defer c.watchers.Wait()
	defer close(c.done)
	defer c.release()
	for {
		select {
		case in := <-c.inputs:
			c.handle(generationCtx, in)
		case <-c.retired:
			return
		case <-ctx.Done():
			return
		}
	}
}

// release ends the timers and health checks of all generations.
func (c *component) release() {
	for _, g := range c.generations {
		g.release()
	}
}

// handle steps the machine with the input, and then with the inputs that its actions
// cause. Waiting callers are answered last, so that they see the status they waited
// for.
func (c *component) handle(ctx context.Context, in input) {
	for queue := []input{in}; len(queue) > 0; queue = queue[1:] {
		queue = append(queue, c.step(ctx, queue[0])...)
	}
	c.publish()
	for _, notify := range c.notifications {
		notify()
	}
	c.notifications = nil
}

func (c *component) step(ctx context.Context, in input) (more []input) {
	in.now = time.Now()
	in.jitter = rand.Float64()
	if (in.kind == wantStop || in.kind == wantShutdown || in.kind == wantKill) && c.machine.intent != intentStop {
		c.askedAt, c.stop = in.now, StopResult{}
		c.record.beginStop(in.now)
	}
	if in.kind == wantFresh && c.machine.intent == intentRun {
		c.logger.Info("restarting component: files changed", "files", in.files)
		c.fileChange = &FileChange{At: in.now, Files: in.files}
	}
	var actions []action
	c.startup.checkFailure(func(inStartup bool) *StartError {
		in.required = inStartup && c.required
		c.machine, actions = c.machine.step(in)
		for _, a := range actions {
			if a.kind == doFailStart {
				return &StartError{Component: c.spec.Name, Exit: a.exit, Lines: c.lines(a.generation)}
			}
		}
		return nil
	})
	for _, a := range actions {
		more = append(more, c.perform(ctx, a)...)
	}
	return more
}

func (c *component) lines(generation uint64) []string {
	if g := c.generations[generation]; g != nil && g.instance != nil {
		return g.instance.Lines()
	}
	return nil
}

func (c *component) perform(ctx context.Context, a action) []input {
	g := c.generations[a.generation]
	switch a.kind {
	case doSpawn:
		return c.startGeneration(ctx, a)
	case doSend:
		if g != nil && g.instance != nil {
			if a.request != Accept && g.stopWatching != nil {
				g.stopWatching() // it is about to end, so its health checks mean nothing from now on
			}
			g.instance.Send(a.request)
		}
	case doTimer:
		timer := c.timer(a.after, input{kind: a.timer, generation: a.generation})
		if g == nil { // of a generation that has not begun
			g = &liveGeneration{}
			c.generations[a.generation] = g
		}
		g.timers = append(g.timers, timer)
	case doWatch:
		c.logger.Info("component ready", "generation", a.generation, "took", time.Since(g.startedAt))
		c.watchHealth(ctx, a.generation, g)
		c.notifications = append(c.notifications, c.reportReady)
	case doRecordEnd:
		c.recordEnd(ctx, a)
	case doFail:
		c.logger.Error("component failed", "exit", a.exit.String(), "deaths", len(c.machine.deaths))
		if c.spec.OnFailed != nil {
			c.spec.OnFailed()
		}
	case doDone:
		c.logger.Info("component done", "generation", a.generation)
		c.notifications = append(c.notifications, c.reportReady)
	case doFailStart:
		c.logger.Error("start failed", "exit", a.exit.String())
		c.notifications = append(c.notifications, c.startup.announceFailure)
	case doAnswer:
		err := c.describeError(a.err)
		c.notifications = append(c.notifications, func() { c.record.answer(a.waiter, err) })
	}
	return nil
}

// wakeGrace is the extra time that late events get when a deadline has passed while
// this process itself was stopped (Ctrl+Z, a suspended machine).
const wakeGrace = time.Second

// timer posts an input after the given time.
func (c *component) timer(after time.Duration, in input) *time.Timer {
	due := time.Now().Add(after)
	return time.AfterFunc(after, func() {
		if time.Since(due) > wakeGrace {
			select {
			case <-time.After(wakeGrace):
			case <-c.done:
			}
		}
		c.post(in)
	})
}

func (c *component) reportReady() {
	if wait.IsClosed(c.firstReady) {
		c.watchers.Go(c.onReadyAgain)
	} else {
		close(c.firstReady)
	}
	c.startup.ready(c.spec.Name)
}

// describeError adds the component's name and output to an error of the machine.
func (c *component) describeError(err error) error {
	var ended *generationError
	if !errors.As(err, &ended) {
		return err
	}
	return &RestartError{
		Component: c.spec.Name, Exit: ended.exit, PreviousServes: ended.previousServes,
		Lines: c.record.lastLines(ended.generation),
	}
}

func (c *component) budget() Budget {
	policy := c.machine.rules.restart
	return Budget{
		Deaths: max(len(recent(c.machine.deaths, time.Now(), policy.Window)), c.machine.attempts), Max: policy.Max, Window: policy.Window, NextTry: c.machine.retryAt,
	}
}

// publish makes the machine's state visible to others.
func (c *component) publish() {
	m := &c.machine
	s := Status{
		Name: c.spec.Name, State: m.state(), Generation: m.last, Restarts: m.restarts, Budget: c.budget(),
		Suspended: m.suspended, Misses: m.misses, FileChange: c.fileChange,
	}
	if m.intent == intentWait {
		s.WaitsFor = c.spec.After
	}
	if g := c.generations[m.current.number]; m.current.alive() && g != nil {
		s.Generation, s.StartedAt, s.ReadyAt = m.current.number, g.startedAt, m.current.readyAt
		if g.instance != nil {
			s.PID = g.instance.PID()
		}
	}
	if s, changed := c.record.publish(s, m); changed && c.onChange != nil && m.intent != intentNone {
		c.onChange(s)
	}
}
