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
	// Start begins one generation and returns at once. An error means that nothing was
	// started. ctx carries values only and never ends. After Start the generation
	// reports through gen.Emit, from any goroutine. Its last report is Gone, which it
	// sends exactly once.
	Start(ctx context.Context, gen Generation) (Instance, error)
}

// Generation is one run of a component, from its start to its end.
type Generation struct {
	Component  string
	Number     uint64 // 1 for the first
	ID         string // stands in the environment of its processes: see GenerationVariable
	Gated      bool   // may accept connections only after the Accept request
	StopSignal os.Signal
	Emit       func(Event) // blocks until the supervisor receives, so Start itself must not call it
	Logger     *slog.Logger

	tags  *tags         // nil: its processes are not tagged
	scans *processScans // nil: not shared with other generations
}

// Instance is one generation that was started.
type Instance interface {
	PID() int // 0 for goroutines
	// Send passes a request on, without waiting for its effect. A request to an
	// instance that has ended does nothing.
	Send(Request)
	// Suspended reports that the process is stopped by a signal (SIGSTOP) or a
	// debugger: it cannot answer, but does not hang.
	Suspended() bool
	// Lines returns the last lines of output, at most [MaxTailLines]; after Dump,
	// those from before it.
	Lines() []string
	// Members lists its living processes, including descendants.
	Members() []Member
}

// Request is something that an instance is asked to do.
type Request uint8

// The requests.
const (
	Stop   Request = iota // end within the stop timeout
	Kill                  // end now
	Dump                  // print the stack of every goroutine, and end
	Accept                // connections may be accepted now
	Retire                // accept no more connections, finish the current requests, and end
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
	Gone // all its processes have ended, or cannot be ended, and its output is in the log
)

// Member is a process that belongs to a component.
type Member struct {
	PID     int    `json:"pid,omitempty"`  // 0 for goroutines
	Command string `json:"command"`        // the short name, such as "python3"
	User    string `json:"user,omitempty"` // the user it runs as; empty: the user of this process
}

// Exit tells how a generation ended.
type Exit struct {
	At     time.Time     `json:"at"`
	Uptime time.Duration `json:"uptime_ns"` // since it was started
	Reason Reason        `json:"reason"`
	Code   int           `json:"code"`             // exit code; -1: there is none
	Signal string        `json:"signal,omitempty"` // that ended it, such as "SIGSEGV"
	OOM    bool          `json:"oom,omitempty"`    // the kernel killed a process because memory ran out, at about this time
	Err    string        `json:"error,omitempty"`  // why it could not be started, or the error that a Func returned
	Fault  *CommandFault `json:"fault,omitempty"`  // the mistake that explains why it could not be started; nil: unknown
	Killed bool          `json:"killed,omitempty"` // by us: one of its processes did not end when asked
	Left   []Member      `json:"left,omitempty"`   // still alive: they could not be killed
	// Background are the processes that a command left running when it exited with
	// success: the command put itself into the background.
	Background []Member `json:"background,omitempty"`
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

// MaxTailLines is how many of the last lines of output are kept for a crash record.
const MaxTailLines = 30
