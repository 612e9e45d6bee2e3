// Package eventlog reads the event log as one gapless, ordered stream. What
// arrives live may be lost, repeated or out of order; the log itself is the
// repair (invariants I4 to I6).
package eventlog

import "github.com/taskctl/taskctl/pkg/task"

// Verdict is what a receiver does with an event.
type Verdict uint8

// The verdicts.
const (
	Apply     Verdict = iota // it is the next one
	Duplicate                // it has been applied already: drop it
	Hole                     // something before it is missing: ask the log
)

// Judge is the one rule of every receiver, whose whole state is last, the seq it
// was told last. prev is the seq that the sender told before this event: seq-1 in
// an unfiltered stream, the event's "prev" member in a filtered one.
func Judge(last, prev, seq uint64) Verdict {
	switch {
	case seq <= last:
		return Duplicate
	case prev > last:
		return Hole
	default:
		return Apply
	}
}

// Cut splits a batch of one unfiltered stream at its first hole: next are events
// to apply after last, dense; rest is what cannot be judged before those have
// been applied. Only where rest begins with a hole is next empty and rest not.
func Cut(last uint64, events []task.Event) (next, rest []task.Event) {
	for len(events) > 0 && judge(last, events[0]) == Duplicate {
		events = events[1:]
	}
	n := 0
	for n < len(events) && judge(last, events[n]) == Apply {
		last = events[n].Seq
		n++
	}
	return events[:n], events[n:]
}

func judge(last uint64, e task.Event) Verdict { return Judge(last, e.Seq-1, e.Seq) }
