// Package eventlog reads the event log as one gapless, ordered stream. Live events may
// be lost, repeated or out of order; a receiver repairs the stream by reading the log.
// This package is the only place with the rule for that.
package eventlog

import (
	"errors"

	"taskctl/pkg/task"
)

// Class says what a receiver does with an event.
type Class uint8

// The classes.
const (
	Next      Class = iota // the event follows: apply it
	Duplicate              // the event was applied already: drop it
	Gap                    // earlier events are missing: read them from the log
)

// Classify is the rule of every receiver. A receiver's whole state is last, the last
// seq that it received. prev is the seq that the sender sent before this event: seq-1
// in an unfiltered stream, the event's "prev" member in a filtered one.
func Classify(last, prev, seq uint64) Class {
	switch {
	case seq <= last:
		return Duplicate
	case prev > last:
		return Gap
	default:
		return Next
	}
}

// Cut splits a batch of one unfiltered stream at its first gap: next are the events to
// apply after last, without gaps; rest are the events behind them. If next is empty and
// rest is not, rest begins with a gap.
func Cut(last uint64, events []task.Event) (next, rest []task.Event) {
	for len(events) > 0 && classify(last, events[0]) == Duplicate {
		events = events[1:]
	}
	n := 0
	for n < len(events) && classify(last, events[n]) == Next {
		last = events[n].Seq
		n++
	}
	return events[:n], events[n:]
}

func classify(last uint64, e task.Event) Class { return Classify(last, e.Seq-1, e.Seq) }

// GoneOf returns the *task.GoneError in err, if there is one.
func GoneOf(err error) (*task.GoneError, bool) {
	var gone *task.GoneError
	return gone, errors.As(err, &gone)
}
