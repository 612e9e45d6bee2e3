package supervisor

import "time"

// State is the state of a component, as users see it.
type State string

// The states.
const (
	StateStarting   State = "starting" // or waiting for the components before it
	StateReady      State = "ready"
	StateUnhealthy  State = "unhealthy" // it runs, but does not answer
	StateBackingOff State = "backing-off"
	StateStopping   State = "stopping"
	StateStopped    State = "stopped"
	StateFailed     State = "failed" // not restarted any more; a requested restart clears it
	StateDone       State = "done"   // ran to its end successfully, and is not restarted
)

// intent is the wanted state of a component.
type intent uint8

const (
	intentNone intent = iota
	intentWait        // to run, once the components before it are ready
	intentRun
	intentStop
)

type phase uint8

const (
	absent phase = iota
	starting
	serving
	stopping // it was asked to end, or is being killed
)

// generationState is one generation as the machine knows it.
type generationState struct {
	number  uint64
	phase   phase
	readyAt time.Time // zero until it was ready
	asked   bool      // its end was requested, so it does not count as a death
	retired bool      // asked to retire, but not to stop: its timeout is longer
	reason  Reason    // why the machine itself ends it; empty: it does not
}

func (g generationState) alive() bool { return g.phase != absent }

// waiter is a caller that waits for an intent to be fulfilled.
type waiter struct {
	id            uint64
	stop          bool   // waits for the end of all generations; else until one is ready
	minGeneration uint64 // the first generation that counts
	proof         bool   // with rules.unproven: waits until it has been ready for minHealthyUptime
}

// machine is the whole state of a component's supervision. Only [machine.step] changes
// it, which is a pure function: time, randomness and events are its inputs, and the
// actions to take are its result.
type machine struct {
	rules  rules
	intent intent
	final  bool // only the intent to stop is accepted from now on
	failed bool
	done   bool // ran to its end successfully, and is not restarted by itself

	last     uint64 // number of the newest generation
	current  generationState
	next     generationState // starts, to replace current in a rolling restart
	retiring generationState // asked to retire

	rollPending bool      // a rolling restart begins when retiring has ended
	retryAt     time.Time // end of the backoff; zero: none
	deaths      []time.Time
	quickDeaths int // deaths in a row before minHealthyUptime; they determine the backoff
	attempts    int // generations in a row that ended before they were healthy, at any age
	restarts    int // after deaths

	misses    int
	suspended bool
	waiters   []waiter
}

// rules are the constants of a machine.
type rules struct {
	restart                                  RestartPolicy
	readyTimeout, stopTimeout, retireTimeout time.Duration
	misses                                   int
	rolling                                  bool
	job                                      bool // it is ready when it has ended successfully
	unproven                                 bool // see Spec.Unproven
}

// state is the state that users see.
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
	case m.done:
		return StateDone
	}
	switch m.current.phase {
	case serving:
		if m.suspended {
			return StateUnhealthy
		}
		return StateReady
	case stopping:
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
	return m.current.alive() || m.next.alive() || m.retiring.alive()
}

// inputKind says what happened. An input about one generation carries its number, so
// that inputs about an earlier generation are recognised.
type inputKind uint8

const (
	wantWait inputKind = iota
	wantRun
	wantStop
	wantShutdown // stop, for good
	wantKill     // stop, for good and at once
	wantRestart
	wantStart  // start, if it does not run
	wantFollow // restart, if it runs: a component of RestartWith has been restarted
	wantRules  // replace the rules
	wantFresh  // restart, unless it was stopped or never started: its files have changed
	eventReady
	eventGone
	eventProbe
	timerReady // the time to become ready is over
	timerStop  // the time to end is over
	timerDump  // the time to write its dump is over
	timerRetry // the backoff has ended
	timerProof // it has been ready for minHealthyUptime
)

type input struct {
	kind       inputKind
	now        time.Time
	generation uint64
	waiter     uint64       // of a want; 0: nobody waits
	files      []string     // of a wantFresh
	rules      rules        // of a wantRules
	proof      uint64       // of a wantRestart or wantStart: the caller that waits for the proof; 0: nobody
	exit       Exit         // of an eventGone
	required   bool         // of an eventGone: its death makes the whole start fail
	jitter     float64      // of an eventGone: random, in [0, 1)
	probe      probeOutcome // of an eventProbe
}

type actionKind uint8

const (
	doSpawn     actionKind = iota // generation
	doSend                        // generation, request
	doTimer                       // generation, after, timer
	doWatch                       // generation: begin its health checks
	doRecordEnd                   // generation, exit
	doFail                        // not restarted any more
	doDone                        // ran to its end
	doFailStart                   // generation, exit: the whole start fails
	doAnswer                      // waiter, err
)

type action struct {
	kind       actionKind
	generation uint64
	gated      bool // of a doSpawn
	request    Request
	after      time.Duration
	timer      inputKind
	exit       Exit
	waiter     uint64
	err        error
}
