package supervisor

import (
	"fmt"
	"strings"
	"time"
)

// Status is the present status of a component. Times that do not apply are zero.
type Status struct {
	Name       string      `json:"name"`
	State      State       `json:"state"`
	PID        int         `json:"pid,omitempty"` // of the current generation; 0 for goroutines
	Generation uint64      `json:"generation"`
	Restarts   int         `json:"restarts"` // after deaths, not counting requested ones
	StartedAt  time.Time   `json:"started_at,omitzero"`
	ReadyAt    time.Time   `json:"ready_at,omitzero"`
	LastExit   *Exit       `json:"last_exit,omitempty"`
	Budget     Budget      `json:"budget"`
	Suspended  bool        `json:"suspended,omitempty"`   // stopped by a signal, so it cannot answer
	Misses     int         `json:"misses,omitempty"`      // probes in a row without an answer
	FileChange *FileChange `json:"file_change,omitempty"` // the last change that restarted it: see [Supervisor.RestartFresh]
	WaitsFor   []string    `json:"waits_for,omitempty"`   // components that must be ready before it is started, and are not
}

// FileChange is a change of files that restarted a component.
type FileChange struct {
	At    time.Time `json:"at"`
	Files []string  `json:"files"`
}

// Budget shows how many deaths the restart policy still allows.
type Budget struct {
	Deaths  int           `json:"deaths"` // within Window
	Max     int           `json:"max"`    // 0: no limit
	Window  time.Duration `json:"window_ns"`
	NextTry time.Time     `json:"next_try,omitzero"` // set while backing off
}

// CrashRecord describes the last death of a component.
type CrashRecord struct {
	Component  string    `json:"component"`
	Generation uint64    `json:"generation"`
	PID        int       `json:"pid,omitempty"`
	Exit       Exit      `json:"exit"`
	Lines      []string  `json:"lines"`  // the last lines of its output
	Probes     []Probe   `json:"probes"` // the last health checks, oldest first
	Budget     Budget    `json:"budget"` // after the death
	State      State     `json:"state"`  // of the component after the death
	At         time.Time `json:"at"`
}

// Probe is one health check of a component.
type Probe struct {
	At       time.Time     `json:"at"`
	Duration time.Duration `json:"took_ns"`
	Err      string        `json:"error,omitempty"` // empty: it answered
}

// Waiting is a component that the orderly stop waits for.
type Waiting struct {
	Component string        `json:"component"`
	For       time.Duration `json:"for_ns"`  // time since it was asked to end
	Left      time.Duration `json:"left_ns"` // time until it is killed
	Members   []Member      `json:"members"`
}

// StopResult says how one component ended: a line of the receipt.
type StopResult struct {
	Component string        `json:"component"`
	How       Outcome       `json:"how"`
	Took      time.Duration `json:"took_ns"` // from the request to the end
	Killed    bool          `json:"killed,omitempty"`
	Exit      *Exit         `json:"exit,omitempty"`
	Left      []Member      `json:"left,omitempty"` // still alive
}

// Outcome is the way in which a component ended.
type Outcome string

// The ways to end.
const (
	OutcomeStopped    Outcome = "stopped"     // ended when asked
	OutcomeKilled     Outcome = "killed"      // one of its processes did not end when asked
	OutcomeLeft       Outcome = "left"        // one of its processes could not be killed
	OutcomeFailed     Outcome = "failed"      // did not run at the time of the stop: failed, or waiting for its next start
	OutcomeDone       Outcome = "done"        // had run to its end before the stop
	OutcomeNotStarted Outcome = "not_started" // was never started
)

// String is for logs and programs: "exit 2", "SIGKILL (out of memory)".
func (e Exit) String() string {
	var text string
	switch {
	case e.Reason == NotStarted:
		return "could not be started: " + e.Err
	case e.Signal != "":
		text = e.Signal
	case e.Err != "":
		text = e.Err
	case e.Code < 0 && len(e.Left) > 0:
		text = "could not be killed"
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
	if len(e.Background) > 0 {
		notes = append(notes, fmt.Sprintf("left in the background: %v", e.Background))
	}
	if len(e.Left) > 0 {
		notes = append(notes, fmt.Sprintf("still there: %v", e.Left))
	}
	if len(notes) > 0 {
		text += " (" + strings.Join(notes, ", ") + ")"
	}
	return text
}

// String renders "123 python3", or "123 python3 (nobody)" for another user's.
func (m Member) String() string {
	if m.PID == 0 {
		return m.Command
	}
	if m.User != "" {
		return fmt.Sprintf("%d %s (%s)", m.PID, m.Command, m.User)
	}
	return fmt.Sprintf("%d %s", m.PID, m.Command)
}
