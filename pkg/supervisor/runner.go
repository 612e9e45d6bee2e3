package supervisor

import (
	"context"
	"log/slog"
	"os"
	"time"
)

// Runner starts generations of one component: [Process] as child processes,
// [Func] as goroutines of this one.
type Runner interface {
	// Start begins one generation and returns at once. An error means that
	// nothing was started. ctx carries values only: it does not end. From then
	// on the generation reports through gen.Emit, from any goroutine, and its
	// last report, exactly one, is Gone.
	Start(ctx context.Context, gen Generation) (Instance, error)
}

// Generation is one life of a component.
type Generation struct {
	Component  string
	Number     uint64 // 1 for the first
	Mark       string // what its processes carry in their environment: see Ledger
	Gated      bool   // must not accept connections before it is told to
	StopSignal os.Signal
	Emit       func(Event) // blocks until the supervisor listens: not to be called by Start itself
	Logger     *slog.Logger
}

// Instance is one generation that was started.
type Instance interface {
	PID() int // 0 for goroutines
	// Tell passes an order on, without waiting for its effect. Orders to an
	// instance that is gone do nothing.
	Tell(Order)
	// Suspended reports that the process is stopped by a signal (SIGSTOP) or
	// held by a debugger: it is silent, but not ill.
	Suspended() bool
	// Lines returns the last lines of output, at most [KeptLines]; after Dump,
	// those from before it.
	Lines() []string
	// Members lists what is alive of it, its own processes' descendants included.
	Members() []Member
}

// Order is something that an instance is told.
type Order uint8

// The orders.
const (
	Stop   Order = iota // end, in your own time
	Kill                // end now
	Dump                // write down what every goroutine is doing, and end
	Accept              // connections may be accepted now
	Retire              // accept no more connections, serve what is here, and end
)

// Event is something that an instance reports.
type Event struct {
	Kind EventKind
	Note string // of a Noted
	Exit Exit   // of a Gone
}

// EventKind says what was reported.
type EventKind uint8

// The kinds of event.
const (
	BecameReady EventKind = iota
	SaidAlive
	Noted
	Gone // nothing is left of it, or nothing that can be helped, and its output is written
)

// Member is a process that belongs to a component.
type Member struct {
	PID     int    `json:"pid,omitempty"` // 0 for goroutines
	Command string `json:"command"`       // its short name: "python3"
}

// Exit tells how a generation ended.
type Exit struct {
	At     time.Time     `json:"at"`
	Uptime time.Duration `json:"uptime_ns"` // since it was started
	Reason Reason        `json:"reason"`
	Code   int           `json:"code"`             // exit code; -1 where it has none
	Signal string        `json:"signal,omitempty"` // "SIGSEGV", where a signal ended it
	OOM    bool          `json:"oom,omitempty"`    // the kernel ran out of memory and killed something meanwhile
	Err    string        `json:"error,omitempty"`  // why it could not be started; what a function returned
	Killed bool          `json:"killed,omitempty"` // by us: it, or something of it, did not end when asked
	Left   []Member      `json:"left,omitempty"`   // still there, although killed
}

// Reason says why a generation ended.
type Reason string

// The reasons.
const (
	Exited     Reason = "exited"      // by itself
	Asked      Reason = "asked"       // to stop or to restart
	NotReady   Reason = "not_ready"   // it did not become ready in time, and was ended
	Hung       Reason = "hung"        // it answered no probe, and was ended
	NotStarted Reason = "not_started" // it could not even be started
)

// KeptLines is how many of the last lines of output are kept for a crash record.
const KeptLines = 30
