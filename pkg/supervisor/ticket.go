package supervisor

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// The ways in which waiting for a restart or a stop ends early.
var (
	// ErrStopped: a stop was asked for after the restart.
	ErrStopped = errors.New("stopped meanwhile")
	// ErrSuperseded: a restart was asked for after the stop.
	ErrSuperseded = errors.New("restarted meanwhile")
	// ErrNotRunning: the supervisor is not running, or no longer.
	ErrNotRunning = errors.New("the supervisor is not running")
	// ErrUnknown: no component has that name.
	ErrUnknown = errors.New("no such component")
)

// RestartErrors are the components that a restart did not make ready, in start order.
type RestartErrors []*RestartError

func (e RestartErrors) Error() string { return errors.Join(e.Unwrap()...).Error() }

// Unwrap returns the same as errors.
func (e RestartErrors) Unwrap() []error {
	all := make([]error, len(e))
	for i, err := range e {
		all[i] = err
	}
	return all
}

// RestartError says why a component that was to be restarted is not ready.
type RestartError struct {
	Component string
	Exit      Exit
	Lines     []string // the last of its output
	OldServes bool     // the generation before it was left as it was
	WaitsFor  []string // not empty: these have to be ready before it is started, which it was not
}

func (e *RestartError) Error() string {
	if len(e.WaitsFor) > 0 {
		return fmt.Sprintf("restart %s: it waits for %s", e.Component, strings.Join(e.WaitsFor, ", "))
	}
	text := fmt.Sprintf("restart %s: the new one %s", e.Component, e.Exit)
	if e.OldServes {
		text += "; the old one stays"
	}
	return text
}

// freshError is a RestartError before names and lines are known.
type freshError struct {
	generation uint64
	exit       Exit
	oldServes  bool
}

func (e *freshError) Error() string { return e.exit.String() }

func (t *transition) wait(w ticket) { t.tickets = append(slices.Clip(t.tickets), w) }

// answer ends the waiting of those who match.
func (t *transition) answer(err error, match func(ticket) bool) {
	var rest []ticket
	for _, w := range t.tickets {
		if match(w) {
			t.do(action{kind: doAnswer, ticket: w.id, err: err})
		} else {
			rest = append(rest, w)
		}
	}
	t.tickets = rest
}

// answerFresh tells those who wait for a generation up to this one that it has
// ended instead of becoming ready.
func (t *transition) answerFresh(generation uint64, exit Exit) {
	err := &freshError{generation: generation, exit: exit, oldServes: t.current.phase == serving}
	t.answer(err, func(w ticket) bool { return !w.stop && w.since <= generation })
}

// answerAll tells everybody who waits for a generation that none will come.
func (t *transition) answerAll(exit Exit) {
	t.answer(&freshError{generation: t.last, exit: exit}, func(w ticket) bool { return !w.stop })
}
