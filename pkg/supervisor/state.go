package supervisor

import "time"

// State is what people see of a component.
type State string

// The states.
const (
	StateStarting   State = "starting" // or waiting for those before it
	StateReady      State = "ready"
	StateUnhealthy  State = "unhealthy" // it runs, but does not answer
	StateBackingOff State = "backing-off"
	StateStopping   State = "stopping"
	StateStopped    State = "stopped"
	StateFailed     State = "failed" // given up; a restart clears it
)

// intent is what is wanted of a component.
type intent uint8

const (
	intentNone intent = iota
	intentWait        // to run, once those before it are ready
	intentRun
	intentStop
)

type phase uint8

const (
	absent phase = iota
	starting
	serving
	ending // it has been told to end, or is being killed
)

// life is one generation as the machine knows it.
type life struct {
	number  uint64
	phase   phase
	readyAt time.Time // zero until it was ready
	asked   bool      // its end was asked for, so it is no death
	retired bool      // and not more than that: it may take its time
	reason  Reason    // why it is being ended, where nobody asked
}

func (l life) alive() bool { return l.phase != absent }

// ticket is a caller who waits for an intent to come true.
type ticket struct {
	id    uint64
	stop  bool   // until nothing is left; else until a generation is ready
	since uint64 // the first generation that will do
}

// machine is the whole state of a component's supervision. [machine.step] is
// the only thing that changes it, and it is pure: time, chance and everything
// that happens come in as inputs; everything to be done goes out as actions.
type machine struct {
	rules  rules
	intent intent
	over   bool // no intent but to stop is taken any more
	failed bool

	last    uint64 // number of the newest generation
	current life
	next    life // being made ready to replace current in a rolling restart
	old     life // told to retire

	rollLater bool      // a rolling restart is to begin when old is gone
	retryAt   time.Time // end of the backoff; zero: none
	deaths    []time.Time
	quick     int // deaths in a row that came too soon, which is what backs off
	restarts  int // after deaths

	misses    int
	suspended bool
	tickets   []ticket
}

// rules are the constants of a machine.
type rules struct {
	restart                                  RestartPolicy
	readyTimeout, stopTimeout, retireTimeout time.Duration
	misses                                   int
	rolling                                  bool
}

// state is what people see.
func (m *machine) state() State {
	switch {
	case m.intent == intentNone:
		return StateStopped
	case m.intent == intentStop && m.alive():
		return StateStopping
	case m.intent == intentStop:
		return StateStopped
	case m.failed:
		return StateFailed
	}
	switch m.current.phase {
	case serving:
		if m.suspended {
			return StateUnhealthy
		}
		return StateReady
	case ending:
		if m.current.reason == Hung {
			return StateUnhealthy
		}
		return StateStopping
	case absent:
		if !m.retryAt.IsZero() {
			return StateBackingOff
		}
	}
	return StateStarting
}

func (m *machine) alive() bool {
	return m.current.alive() || m.next.alive() || m.old.alive()
}

// inputKind says what happened. Kinds that concern one generation carry its
// number, so that what comes too late is told apart.
type inputKind uint8

const (
	wantWait inputKind = iota
	wantRun
	wantStop
	wantEnd  // stop, for good
	wantKill // stop, for good and at once
	wantRestart
	sawReady
	sawGone
	sawProbe
	timeReady // it had this long to become ready
	timeStop  // it had this long to end
	timeDump  // it had this long to write its dump
	timeRetry // the backoff is over
)

type input struct {
	kind       inputKind
	now        time.Time
	generation uint64
	ticket     uint64      // of a want; 0: nobody waits
	exit       Exit        // of a sawGone
	strict     bool        // of a sawGone: a death makes the whole start fail
	jitter     float64     // of a sawGone: chance, in [0, 1)
	probe      probeResult // of a sawProbe
}

type actionKind uint8

const (
	doSpawn     actionKind = iota // generation
	doTell                        // generation, order
	doTimer                       // generation, after, timer
	doWatch                       // generation: begin to probe it
	doEnded                       // generation, exit
	doFail                        // given up
	doFailStart                   // generation, exit: the whole start
	doAnswer                      // ticket, err
)

type action struct {
	kind       actionKind
	generation uint64
	gated      bool // of a doSpawn
	order      Order
	after      time.Duration
	timer      inputKind
	exit       Exit
	ticket     uint64
	err        error
}
