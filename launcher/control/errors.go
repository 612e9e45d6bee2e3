package control

import (
	"errors"
	"fmt"
	"io/fs"

	"taskctl/pkg/message"
)

// The results of a launcher's work. Each has its own exit code in cmd.
var (
	// ErrEnded means that the launcher of a request has ended. Another may run now.
	ErrEnded = errors.New("the launcher has ended")
	// ErrNotRunning means that no launcher runs in the directory.
	ErrNotRunning = errors.New("not running")
	// ErrKilled means that everything is stopped, but a process had to be killed.
	ErrKilled = errors.New("stopped, but something had to be killed")
	// ErrLeft means that the launcher has stopped, but a process of its system still
	// runs.
	ErrLeft = errors.New("stopped, but something is left")
	// ErrNotReady means that the system runs, but not every component is ready.
	ErrNotReady = errors.New("running, but not all of it is ready")
)

// AlreadyRunningError says that another launcher runs in the directory.
type AlreadyRunningError struct {
	Dir string
	PID int // 0 if the other launcher has not written it yet
}

func (e *AlreadyRunningError) Error() string {
	return fmt.Sprintf("already running in %s, pid %d", e.Dir, e.PID)
}

// UnknownOwnerError says that a process that is not a launcher holds the lock.
type UnknownOwnerError struct {
	Path string // the lock
}

func (e *UnknownOwnerError) Error() string {
	return fmt.Sprintf("%s is locked by a process that is not a launcher of this directory", e.Path)
}

// UnsafeError says that another user can change files that the launcher relies on.
type UnsafeError struct {
	Path  string
	Owner int         // the user that owns the file; -1: this user
	Mode  fs.FileMode // the mode, if others may write
}

func (e *UnsafeError) Error() string {
	if e.Owner >= 0 {
		return fmt.Sprintf("%s belongs to another user (uid %d)", e.Path, e.Owner)
	}
	return fmt.Sprintf("%s can be changed by other users (mode %#o)", e.Path, e.Mode)
}

// Text says in the user's language what is wrong and how to fix it.
func (e *UnsafeError) Text(lang message.Lang) string {
	if e.Owner >= 0 {
		return lang.ForeignFile(e.Path, e.Owner)
	}
	return lang.SharedDirectory(e.Path, fmt.Sprintf("%#o", e.Mode))
}

// NotAnsweringError says that a launcher runs in the directory, but does not answer.
type NotAnsweringError struct {
	PID      int
	NoSocket string // path of the control socket, if no process listens on it
	Err      error  // of the request

	stage Stage
}

func (e *NotAnsweringError) Error() string {
	return fmt.Sprintf("the launcher, pid %d, does not answer: %v", e.PID, e.Err)
}

// Unwrap makes it match ErrNotReady too, because a launcher runs.
func (e *NotAnsweringError) Unwrap() []error { return []error{ErrNotReady, e.Err} }

// DataRemovedError says that a running system's data directory was removed or replaced.
type DataRemovedError struct {
	Path string // the file that is missing
}

func (e *DataRemovedError) Error() string {
	return fmt.Sprintf("%s was removed while the system ran", e.Path)
}
