package supervisor

import (
	"context"
	"errors"
	"log/slog"
	"time"
)

// liveGeneration is the actor's record of a generation that has not ended.
type liveGeneration struct {
	instance     Instance
	startedAt    time.Time
	alive        chan struct{} // holds one report at most
	timers       []*time.Timer
	stopWatching context.CancelFunc
}

func (g *liveGeneration) release() {
	for _, t := range g.timers {
		t.Stop()
	}
	if g.stopWatching != nil {
		g.stopWatching()
	}
}

// startGeneration starts a generation. If that fails, the generation has ended at once.
func (c *component) startGeneration(ctx context.Context, a action) []input {
	if early := c.generations[a.generation]; early != nil {
		early.release() // the timer of the backoff before this generation
	}
	number := a.generation
	g := &liveGeneration{startedAt: time.Now(), alive: make(chan struct{}, 1)}
	c.generations[number] = g
	id := generationID(c.id, number)
	instance, err := c.spec.Runner.Start(ctx, Generation{
		Component: c.spec.Name, Number: number, ID: id, Gated: a.gated, StopSignal: c.spec.StopSignal, tags: c.tags, scans: c.scans,
		Logger: c.logger.With("generation", number),
		Emit:   func(e Event) { c.handleEvent(number, g, e) },
	})
	if err != nil {
		exit := Exit{At: time.Now(), Reason: NotStarted, Code: -1, Err: err.Error()}
		errors.As(err, &exit.Fault)
		return []input{{kind: eventGone, generation: number, exit: exit}}
	}
	g.instance = instance
	c.record.add(number, instance)
	c.logger.Info("component started", "generation", number, "pid", instance.PID())
	started := processRecord{Component: c.spec.Name, Generation: number, PID: instance.PID(), ID: id}
	if p, tagged := instance.(interface{ tag() uint64 }); tagged {
		started.Tag = p.tag()
	}
	if err := c.runState.add(started); err != nil {
		c.logger.Warn("run state not written", "error", err)
	}
	return nil
}

// handleEvent handles a report of a generation, in the goroutine of that generation.
func (c *component) handleEvent(number uint64, g *liveGeneration, e Event) {
	switch e.Kind {
	case BecameReady:
		c.post(input{kind: eventReady, generation: number})
	case SaidAlive:
		select {
		case g.alive <- struct{}{}:
		default:
		}
	case Noted:
		if c.spec.Notes != nil {
			c.spec.Notes(number, e.Note)
		}
	case Gone:
		c.post(input{kind: eventGone, generation: number, exit: e.Exit})
	}
}

func (c *component) watchHealth(ctx context.Context, number uint64, g *liveGeneration) {
	watchCtx, cancel := context.WithCancel(ctx)
	g.stopWatching = cancel
	check := healthCheck{
		Health: c.spec.Health, probe: c.probeOf(g), instance: g.instance,
		report: func(outcome probeOutcome, p Probe) {
			if c.spec.Probe != nil || c.spec.Alive {
				c.record.recordProbe(p)
			}
			c.post(input{kind: eventProbe, generation: number, probe: outcome})
		},
	}
	c.watchers.Go(func() { check.run(watchCtx) })
}

// recordEnd keeps the result of a generation that has ended, for `why` and the receipt.
func (c *component) recordEnd(ctx context.Context, a action) {
	g := c.generations[a.generation]
	delete(c.generations, a.generation)
	g.release()
	pid, lines := 0, []string(nil)
	if g.instance != nil {
		pid, lines = g.instance.PID(), g.instance.Lines()
		if err := c.runState.remove(c.spec.Name, a.generation, a.exit.Left); err != nil {
			c.logger.Warn("run state not written", "error", err)
		}
	}
	level := slog.LevelInfo
	if a.exit.Reason != Asked {
		level = slog.LevelWarn
	}
	c.logger.Log(ctx, level, "component ended", "generation", a.generation, "pid", pid,
		"exit", a.exit.String(), "reason", a.exit.Reason, "uptime", a.exit.Uptime, "killed", a.exit.Killed)
	c.record.remove(a.generation, a.exit, lines)
	if a.exit.Reason != Asked {
		c.record.recordCrash(CrashRecord{
			Component: c.spec.Name, Generation: a.generation, PID: pid, Exit: a.exit, Lines: lines,
			Budget: c.budget(), State: c.machine.state(), At: a.exit.At,
		})
	}
	if c.machine.intent == intentStop {
		c.stop.Exit, c.stop.Took = &a.exit, time.Since(c.askedAt)
		c.stop.Killed = c.stop.Killed || a.exit.Killed
		c.record.recordStop(c.stop)
	}
}
