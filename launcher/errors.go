package launcher

import (
	"fmt"
	"time"

	"taskctl/pkg/supervisor"
)

// NotReadyError says which component did not become ready, why, and what it
// printed last.
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
