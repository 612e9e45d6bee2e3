package supervisor

import (
	"context"
	"log/slog"
	"os"
	"syscall"
	"time"
)

// Spec describes one component. A zero value means the default, which the field's
// comment gives in parentheses.
type Spec struct {
	Name   string
	After  []string // started when these are ready, stopped before them
	Runner Runner

	Restart      RestartPolicy
	ReadyTimeout time.Duration // from its start to its ready signal (30 s)
	StopTimeout  time.Duration // from being asked to end to being killed (10 s)
	// RetireTimeout is the same for a generation that the next one has replaced, and
	// that still serves the connections it has accepted (StopTimeout).
	RetireTimeout time.Duration
	StopSignal    os.Signal // sent to ask a process to end (SIGTERM)

	// Probe checks the health of the component. Nil: it is not checked.
	Probe func(ctx context.Context) error
	// Alive means that the component reports its health itself, instead of Probe.
	Alive  bool
	Health Health

	// Rolling means that in a requested restart the next generation is ready before the
	// previous one is told to retire. Its runner must be able to start a second
	// generation beside the first: see Generation.Gated.
	Rolling bool
	// Job means that the component runs to its end. Components after it are started
	// when it has ended with exit code 0.
	Job bool
	// Unproven means that it counts as ready as soon as it runs, even if it dies at
	// once. So callers that start it wait until it has run for one second.
	Unproven bool
	// Manual means that it is started only by [Supervisor.Start].
	Manual bool
	// RestartWith are components of After. When one of them has been restarted, this
	// component is restarted too.
	RestartWith []string
	// Digest differs between two versions of a spec. It does not cover Restart and the
	// timeouts, which [Supervisor.Reload] compares directly.
	Digest string
	// MayFail means that the start does not depend on this component.
	MayFail bool

	// Notes is called with each note of the component, in order. It must return soon,
	// because later reports of the component wait for it.
	Notes func(generation uint64, note string)
	// OnFailed is called when the component has failed permanently, before its status
	// shows it. Resources that are held for the component can be closed here.
	OnFailed func()
}

// Policy says after which kinds of end a component is started again.
type Policy string

// The policies.
const (
	RestartAlways    Policy = "always"
	RestartOnFailure Policy = "on-failure" // after exit 0 the component is done
	RestartNever     Policy = "never"      // after exit 0 the component is done, after any other end failed
)

// RestartPolicy says how often a component that keeps dying is restarted.
type RestartPolicy struct {
	Policy     Policy        // always; never for a job
	Max        int           // deaths within Window after which it is failed; 0: no limit
	Window     time.Duration // 60 s
	BackoffMin time.Duration // 100 ms, doubled at each quick death
	BackoffMax time.Duration // 10 s
}

// Health says how the health of a component is checked.
type Health struct {
	Every   time.Duration // from one probe to the next (2 s)
	Timeout time.Duration // for one answer (1 s)
	Misses  int           // in a row, before the component counts as hung (3)
}

// Options are the dependencies of a Supervisor. Each may be nil.
type Options struct {
	Logger *slog.Logger
	// OnChange is called at every change of a component's status, one call at a
	// time for each component. It must return soon: the component waits for it.
	OnChange func(Status)
	// OnWaiting is called once a second while the orderly stop waits.
	OnWaiting func([]Waiting)
	// RunState records the running processes for [Sweep], in case this process is
	// killed.
	RunState *RunState
	// ChildDied receives SIGCHLD. If it is set, the supervisor adopts the orphans of
	// its components, reaps them, and ends every child that is left when Run ends. It
	// must be nil if other code of this process starts children.
	ChildDied <-chan os.Signal
}

// The defaults of [Spec], which are the defaults of the settings too.
const (
	DefaultReadyTimeout = 30 * time.Second
	DefaultStopTimeout  = 10 * time.Second
	DefaultWindow       = 60 * time.Second
	DefaultBackoffMin   = 100 * time.Millisecond
	DefaultBackoffMax   = 10 * time.Second
)

// The defaults of [Health].
const (
	defaultProbeEvery   = 2 * time.Second
	defaultProbeTimeout = time.Second
	defaultProbeMisses  = 3
)

// withDefaults replaces zero values by the defaults.
func (s Spec) withDefaults() Spec {
	if s.Restart.Policy == "" {
		s.Restart.Policy = RestartAlways
		if s.Job {
			s.Restart.Policy = RestartNever
		}
	}
	orDuration(&s.ReadyTimeout, DefaultReadyTimeout)
	orDuration(&s.StopTimeout, DefaultStopTimeout)
	orDuration(&s.RetireTimeout, s.StopTimeout)
	orDuration(&s.Restart.Window, DefaultWindow)
	orDuration(&s.Restart.BackoffMin, DefaultBackoffMin)
	orDuration(&s.Restart.BackoffMax, DefaultBackoffMax)
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
