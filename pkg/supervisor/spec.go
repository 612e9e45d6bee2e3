package supervisor

import (
	"context"
	"log/slog"
	"os"
	"syscall"
	"time"
)

// Spec describes one component. Zero values mean the defaults that each field names.
type Spec struct {
	Name   string
	After  []string // started when these are ready, stopped before them
	Runner Runner

	Restart      RestartPolicy
	ReadyTimeout time.Duration // from its start to its ready signal (10 s)
	StopTimeout  time.Duration // from being asked to end to being killed (10 s)
	// RetireTimeout is the same for a generation that has been replaced by the
	// next, and may take its time to serve what it has accepted (StopTimeout).
	RetireTimeout time.Duration
	StopSignal    os.Signal // what asks a process to end (SIGTERM)

	// Probe asks the component whether it is well. Nil: it is not asked.
	Probe func(ctx context.Context) error
	// Alive means that the component reports over its pipe instead of being asked.
	Alive  bool
	Health Health

	// Rolling means that in a restart that was asked for the next generation is
	// ready before the one before it is told to retire. Its runner must be able
	// to start a second generation beside the first: see Generation.Gated.
	Rolling bool
	// MayFail means that the start does not depend on this component.
	MayFail bool

	// Notes is called with each note of the component, in order. It must return
	// soon: what the component says next waits.
	Notes func(generation uint64, note string)
	// OnFailed is called when the component has been given up, before anybody
	// else learns of it: what is held for it can be let go of here.
	OnFailed func()
}

// RestartPolicy says how often a component that keeps dying is restarted.
type RestartPolicy struct {
	Max        int           // deaths within Window that make it failed; 0: never gives up
	Window     time.Duration // 60 s
	BackoffMin time.Duration // 100 ms, doubled at each quick death
	BackoffMax time.Duration // 10 s
}

// Health says how a component is watched.
type Health struct {
	Every   time.Duration // from one probe to the next (2 s)
	Timeout time.Duration // for one answer (1 s)
	Misses  int           // in a row, before the component counts as hung (3)
}

// Options are what a Supervisor works with besides its components. All may be nil.
type Options struct {
	Logger *slog.Logger
	// OnChange is called at every change of a component's status, one call at a
	// time for each component. It must return soon: the component waits for it.
	OnChange func(Status)
	// OnWaiting is called once a second while the orderly stop waits.
	OnWaiting func([]Waiting)
	// Ledger records what runs, for [Sweep] to find after a crash of this process.
	Ledger *Ledger
}

// The defaults of contract and design.
const (
	defaultReadyTimeout = 10 * time.Second
	defaultStopTimeout  = 10 * time.Second
	defaultWindow       = 60 * time.Second
	defaultBackoffMin   = 100 * time.Millisecond
	defaultBackoffMax   = 10 * time.Second
	defaultProbeEvery   = 2 * time.Second
	defaultProbeTimeout = time.Second
	defaultProbeMisses  = 3
)

// withDefaults fills in what the spec leaves open.
func (s Spec) withDefaults() Spec {
	orDuration(&s.ReadyTimeout, defaultReadyTimeout)
	orDuration(&s.StopTimeout, defaultStopTimeout)
	orDuration(&s.RetireTimeout, s.StopTimeout)
	orDuration(&s.Restart.Window, defaultWindow)
	orDuration(&s.Restart.BackoffMin, defaultBackoffMin)
	orDuration(&s.Restart.BackoffMax, defaultBackoffMax)
	orDuration(&s.Health.Every, defaultProbeEvery)
	orDuration(&s.Health.Timeout, defaultProbeTimeout)
	if s.Health.Misses <= 0 {
		s.Health.Misses = defaultProbeMisses
	}
	if s.StopSignal == nil {
		s.StopSignal = syscall.SIGTERM
	}
	return s
}

func orDuration(d *time.Duration, otherwise time.Duration) {
	if *d <= 0 {
		*d = otherwise
	}
}
