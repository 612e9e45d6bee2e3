package supervisor

import (
	"fmt"
	"strings"
	"time"
)

// Status is what there is to know of a component now. Times that do not apply are zero.
type Status struct {
	Name       string    `json:"name"`
	State      State     `json:"state"`
	PID        int       `json:"pid,omitempty"` // of the current generation; 0 for goroutines
	Generation uint64    `json:"generation"`
	Restarts   int       `json:"restarts"` // after deaths; those that were asked for are not counted
	StartedAt  time.Time `json:"started_at,omitzero"`
	ReadyAt    time.Time `json:"ready_at,omitzero"`
	LastExit   *Exit     `json:"last_exit,omitempty"`
	Budget     Budget    `json:"budget"`
	Suspended  bool      `json:"suspended,omitempty"` // stopped by a signal, which is why it does not answer
	Misses     int       `json:"misses,omitempty"`    // probes in a row without an answer
	WaitsFor   []string  `json:"waits_for,omitempty"` // components that are not ready yet, and have to be before it is started
}

// Budget is what the restart policy has left.
type Budget struct {
	Deaths  int           `json:"deaths"` // within Window
	Max     int           `json:"max"`    // 0: never gives up
	Window  time.Duration `json:"window_ns"`
	NextTry time.Time     `json:"next_try,omitzero"` // set while backing off
}

// CrashRecord is kept of the last time a component died.
type CrashRecord struct {
	Component  string    `json:"component"`
	Generation uint64    `json:"generation"`
	PID        int       `json:"pid,omitempty"`
	Exit       Exit      `json:"exit"`
	Lines      []string  `json:"lines"`  // the last of its output
	Probes     []Probed  `json:"probes"` // the last of its health, oldest first
	Budget     Budget    `json:"budget"` // after the death
	State      State     `json:"state"`  // what it came to
	At         time.Time `json:"at"`
}

// Probed is one look at a component's health.
type Probed struct {
	At   time.Time     `json:"at"`
	Took time.Duration `json:"took_ns"`
	Err  string        `json:"error,omitempty"` // empty: it answered
}

// Waiting is a component that the orderly stop waits for.
type Waiting struct {
	Component string        `json:"component"`
	For       time.Duration `json:"for_ns"`  // since it was asked to end
	Left      time.Duration `json:"left_ns"` // until it is killed
	Members   []Member      `json:"members"`
}

// Ending is one line of the receipt.
type Ending struct {
	Component string        `json:"component"`
	How       How           `json:"how"`
	Took      time.Duration `json:"took_ns"` // from being asked to end
	Killed    bool          `json:"killed,omitempty"`
	Exit      *Exit         `json:"exit,omitempty"`
	Left      []Member      `json:"left,omitempty"` // still there
}

// How says how a component ended.
type How string

// The ways to end.
const (
	EndedStopped    How = "stopped"     // asked, and it did
	EndedKilled     How = "killed"      // it, or something of it, did not end when asked
	EndedLeft       How = "left"        // killed, and something is still there
	EndedFailed     How = "failed"      // did not run any more: given up, or waiting for its next try
	EndedNotStarted How = "not_started" // was never started
)

// String says it for logs and programs: "exit 2", "SIGKILL (out of memory)".
func (e Exit) String() string {
	var text string
	switch {
	case e.Reason == NotStarted:
		return "could not be started: " + e.Err
	case e.Signal != "":
		text = e.Signal
	case e.Err != "":
		text = e.Err
	case e.Code < 0:
		text = "returned"
	default:
		text = fmt.Sprintf("exit %d", e.Code)
	}
	var notes []string
	switch e.Reason {
	case NotReady:
		notes = append(notes, fmt.Sprintf("not ready after %v", e.Uptime.Round(100*time.Millisecond)))
	case Hung:
		notes = append(notes, "did not answer")
	}
	if e.OOM {
		notes = append(notes, "out of memory")
	}
	if len(e.Left) > 0 {
		notes = append(notes, fmt.Sprintf("still there: %v", e.Left))
	}
	if len(notes) > 0 {
		text += " (" + strings.Join(notes, ", ") + ")"
	}
	return text
}

// String renders "123 python3".
func (m Member) String() string {
	if m.PID == 0 {
		return m.Command
	}
	return fmt.Sprintf("%d %s", m.PID, m.Command)
}
