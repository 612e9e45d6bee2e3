package task

import (
	"errors"
	"fmt"
)

// The errors of every store. Each boundary has one table that translates them into HTTP
// statuses or exit codes.
var (
	// ErrNotFound means that no task has the id.
	ErrNotFound = errors.New("task not found")
	// ErrInvalid means that the same request can never succeed; see [InvalidError].
	ErrInvalid = errors.New("invalid")
	// ErrVersion means that the task exists, but has none of the requested versions.
	ErrVersion = errors.New("the task has changed since that version")
	// ErrKeyReused means that the idempotency key was used for another request.
	ErrKeyReused = errors.New("the idempotency key was used for another request")
	// ErrGone means that the requested events are not in this log; see [GoneError].
	ErrGone = errors.New("that history is gone")
	// ErrUnavailable means that the store cannot answer now; the same request may
	// succeed later.
	ErrUnavailable = errors.New("store unavailable")
)

// InvalidError tells the sender which field is invalid and why.
type InvalidError struct {
	Field  string // as the client wrote it: "title", "limit"
	Reason string // completes a sentence that begins with Field: "must not be empty"
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
	Head   Position // the present end of the log, from which a reader continues after a snapshot
}

// GoneReason is the machine-readable reason of a reset.
type GoneReason string

// The reasons why a reader cannot resume from a position.
const (
	GoneEpoch  GoneReason = "epoch"   // the position belongs to another log
	GoneTooOld GoneReason = "too_old" // retention has removed the events after it
	GoneAhead  GoneReason = "ahead"   // the log ends before it
)

// CheckReadable returns a *GoneError if the log with the oldest event first and the
// given head cannot be read from p.
func (p Position) CheckReadable(first uint64, head Position) error {
	var reason GoneReason
	switch {
	case p.Epoch != "" && p.Epoch != head.Epoch:
		reason = GoneEpoch
	case p.Seq > head.Seq:
		reason = GoneAhead
	case p.Seq+1 < first:
		reason = GoneTooOld
	default:
		return nil
	}
	return &GoneError{Reason: reason, Head: head}
}

func (e *GoneError) Error() string {
	return fmt.Sprintf("cannot resume (%s): the log stands at %s", e.Reason, e.Head)
}

// Is makes every GoneError match ErrGone.
func (e *GoneError) Is(target error) bool { return target == ErrGone }
