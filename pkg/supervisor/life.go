package supervisor

import (
	"context"
	"log/slog"
	"time"
)

// running is what the actor holds of a living generation.
type running struct {
	instance  Instance
	startedAt time.Time
	alive     chan struct{} // holds one report at most
	timers    []*time.Timer
	unwatch   context.CancelFunc
}

func (r *running) release() {
	for _, t := range r.timers {
		t.Stop()
	}
	if r.unwatch != nil {
		r.unwatch()
	}
}

// spawn starts a generation. That it could not be started is an end like others.
func (c *component) spawn(ctx context.Context, a action) []input {
	if early := c.lives[a.generation]; early != nil {
		early.release() // the timer of the backoff before it
	}
	number := a.generation
	r := &running{startedAt: time.Now(), alive: make(chan struct{}, 1)}
	c.lives[number] = r
	mark := generationMark(c.mark, number)
	instance, err := c.spec.Runner.Start(ctx, Generation{
		Component: c.spec.Name, Number: number, Mark: mark, Gated: a.gated, StopSignal: c.spec.StopSignal,
		Logger: c.logger.With("generation", number),
		Emit:   func(e Event) { c.emitted(number, r, e) },
	})
	if err != nil {
		return []input{{kind: sawGone, generation: number, exit: Exit{
			At: time.Now(), Reason: NotStarted, Code: -1, Err: err.Error(),
		}}}
	}
	r.instance = instance
	c.seen.add(number, instance)
	c.logger.Info("component started", "generation", number, "pid", instance.PID())
	if err := c.ledger.add(c.spec.Name, number, mark, instance.PID()); err != nil {
		c.logger.Warn("ledger not written", "error", err)
	}
	return nil
}

// emitted passes on what a generation reports, on its goroutine.
func (c *component) emitted(number uint64, r *running, e Event) {
	switch e.Kind {
	case BecameReady:
		c.post(input{kind: sawReady, generation: number})
	case SaidAlive:
		select {
		case r.alive <- struct{}{}:
		default:
		}
	case Noted:
		if c.spec.Notes != nil {
			c.spec.Notes(number, e.Note)
		}
	case Gone:
		c.post(input{kind: sawGone, generation: number, exit: e.Exit})
	}
}

func (c *component) watch(ctx context.Context, number uint64, r *running) {
	watching, cancel := context.WithCancel(ctx)
	r.unwatch = cancel
	c.watches.Go(func() {
		watch(watching, c.spec, r.instance, r.alive, func(result probeResult, p Probed) {
			if c.spec.Probe != nil || c.spec.Alive {
				c.seen.probed(p)
			}
			c.post(input{kind: sawProbe, generation: number, probe: result})
		})
	})
}

// ended keeps what is worth knowing of a generation that is gone.
func (c *component) ended(ctx context.Context, a action) {
	r := c.lives[a.generation]
	delete(c.lives, a.generation)
	r.release()
	pid, lines := 0, []string(nil)
	if r.instance != nil {
		pid, lines = r.instance.PID(), r.instance.Lines()
		if err := c.ledger.remove(c.spec.Name, a.generation, a.exit.Left); err != nil {
			c.logger.Warn("ledger not written", "error", err)
		}
	}
	level := slog.LevelInfo
	if a.exit.Reason != Asked {
		level = slog.LevelWarn
	}
	c.logger.Log(ctx, level, "component ended", "generation", a.generation, "pid", pid,
		"exit", a.exit.String(), "reason", a.exit.Reason, "uptime", a.exit.Uptime, "killed", a.exit.Killed)
	c.seen.remove(a.generation, a.exit, lines)
	if a.exit.Reason != Asked {
		c.seen.crashed(CrashRecord{
			Component: c.spec.Name, Generation: a.generation, PID: pid, Exit: a.exit, Lines: lines,
			Budget: c.budget(), State: c.machine.state(), At: a.exit.At,
		})
	}
	if c.machine.intent == intentStop {
		c.stop.Exit, c.stop.Took = &a.exit, time.Since(c.askedAt)
		c.stop.Killed = c.stop.Killed || a.exit.Killed
		c.seen.stopped(c.stop)
	}
}
