package task

import (
	"errors"
	"fmt"
)

// The ways a request about tasks can fail, whatever the store. Every boundary
// has one table that turns them into its own words: HTTP statuses, exit codes.
var (
	// ErrNotFound: no task has that id.
	ErrNotFound = errors.New("task not found")
	// ErrInvalid: the request can never succeed as it is; see [InvalidError].
	ErrInvalid = errors.New("invalid")
	// ErrVersion: the task exists, but in none of the versions asked for.
	ErrVersion = errors.New("the task has changed since that version")
	// ErrKeyReused: the idempotency key stands for another request.
	ErrKeyReused = errors.New("the idempotency key was used for another request")
	// ErrGone: the history asked for is not in this log; see [GoneError].
	ErrGone = errors.New("that history is gone")
	// ErrUnavailable: the store cannot take it now; the same request may succeed later.
	ErrUnavailable = errors.New("store unavailable")
)

// InvalidError says which field is at fault and why, in words for its sender.
type InvalidError struct {
	Field  string // as the client wrote it: "title", "limit"
	Reason string // completes the sentence that the field begins: "must not be empty"
}

// Invalid returns an *InvalidError.
func Invalid(field, reason string) error { return &InvalidError{Field: field, Reason: reason} }

// Invalidf is [Invalid] with a formatted reason.
func Invalidf(field, format string, args ...any) error {
	return Invalid(field, fmt.Sprintf(format, args...))
}

func (e *InvalidError) Error() string { return e.Field + " " + e.Reason }

// Is makes every InvalidError match ErrInvalid.
func (e *InvalidError) Is(target error) bool { return target == ErrInvalid }

// GoneError says why a log cannot be read from a position.
type GoneError struct {
	Reason GoneReason
	Head   Position // where the log ends now: a reader goes on from a snapshot there
}

// GoneReason is the machine-readable reason of a reset.
type GoneReason string

// The reasons why a position cannot be resumed from.
const (
	GoneEpoch  GoneReason = "epoch"   // the position belongs to another log
	GoneTooOld GoneReason = "too_old" // retention has removed what follows it
	GoneAhead  GoneReason = "ahead"   // the log has not come that far
)

func (e *GoneError) Error() string {
	return fmt.Sprintf("cannot resume (%s): the log stands at %s", e.Reason, e.Head)
}

// Is makes every GoneError match ErrGone.
func (e *GoneError) Is(target error) bool { return target == ErrGone }
