package launcher

import (
	"errors"
	"fmt"
	"time"

	"github.com/taskctl/taskctl/pkg/supervisor"
)

// The ways a launcher's work can end, each with an exit code of its own in cmd.
var (
	// ErrNotRunning: no launcher holds the directory.
	ErrNotRunning = errors.New("not running")
	// ErrKilled: everything is stopped, but something had to be killed.
	ErrKilled = errors.New("stopped, but something had to be killed")
	// ErrLeft: the launcher is done, but something of it still runs.
	ErrLeft = errors.New("stopped, but something is left")
	// ErrNotReady: the system runs, but not all of it is ready.
	ErrNotReady = errors.New("running, but not all of it is ready")
)

// AlreadyRunningError says that another launcher holds the directory.
type AlreadyRunningError struct {
	Dir string
	PID int // 0 when the owner has not said yet
}

func (e *AlreadyRunningError) Error() string {
	return fmt.Sprintf("already running in %s, pid %d", e.Dir, e.PID)
}

// NotAnsweringError says that a launcher holds the directory, but is silent.
type NotAnsweringError struct {
	PID      int
	NoSocket string // the control socket, where nobody listens there
	Err      error  // of the request

	at stage
}

func (e *NotAnsweringError) Error() string {
	return fmt.Sprintf("the launcher, pid %d, does not answer: %v", e.PID, e.Err)
}

// Unwrap makes it ErrNotReady: something runs, and cannot be called ready.
func (e *NotAnsweringError) Unwrap() []error { return []error{ErrNotReady, e.Err} }

// DataRemovedError says that a running system's data directory was removed or replaced.
type DataRemovedError struct {
	Path string // the file that is not there any more
}

func (e *DataRemovedError) Error() string {
	return fmt.Sprintf("%s was removed while the system ran", e.Path)
}

// PortTakenError says who holds a port that a component needs.
type PortTakenError struct {
	Component string
	Key       string // the setting that would choose another port
	Addr      string // the very address: "[::1]:8001"
	Port      int
	Holder    Holder // zero where it could not be found out
	Err       error
	Also      *PortTakenError // the other port, where that is taken too
}

func (e *PortTakenError) Error() string {
	return fmt.Sprintf("port %d, which %s needs, is taken (%s) by %s", e.Port, e.Component, e.Addr, e.Holder)
}
func (e *PortTakenError) Unwrap() error { return e.Err }

// NotReadyError says which component did not become ready, why, and what it
// said last.
type NotReadyError struct {
	Component string
	Exit      supervisor.Exit
	LastLines []string
	LogFile   string
}

func (e *NotReadyError) Error() string {
	return fmt.Sprintf("%s did not become ready: %s", e.Component, e.Exit)
}

// RoundTripError says that the test task's notification did not arrive.
type RoundTripError struct {
	Stage string // "create the test task", "await its notification"
	After time.Duration
	Err   error
}

func (e *RoundTripError) Error() string {
	return fmt.Sprintf("%s: %v (after %v)", e.Stage, e.Err, e.After.Round(time.Millisecond))
}
func (e *RoundTripError) Unwrap() error { return e.Err }
