package supervisor

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// The errors of a caller whose wait for a restart or a stop ends early.
var (
	// ErrStopped means that a stop was requested after the restart.
	ErrStopped = errors.New("stopped meanwhile")
	// ErrSuperseded means that a restart was requested after the stop.
	ErrSuperseded = errors.New("restarted meanwhile")
	// ErrNotRunning means that the supervisor has not begun, or has ended.
	ErrNotRunning = errors.New("the supervisor is not running")
	// ErrUnknown means that no component has the name.
	ErrUnknown = errors.New("no such component")
)

// RestartErrors are the components that are not ready after a restart, in start order.
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

// add collects a RestartError, and returns any other error.
func (e *RestartErrors) add(err error) error {
	var one *RestartError
	if errors.As(err, &one) {
		*e = append(*e, one)
		return nil
	}
	return err
}

// orNil returns nil instead of an empty list.
func (e RestartErrors) orNil() error {
	if len(e) == 0 {
		return nil
	}
	return e
}

// RestartError says why a component is not ready after a restart or a start.
type RestartError struct {
	Component      string
	Exit           Exit
	Lines          []string // the last lines of its output
	PreviousServes bool     // the previous generation keeps serving
	WaitsFor       []string // not empty: it was not started, because these components are not ready
}

func (e *RestartError) Error() string {
	if len(e.WaitsFor) > 0 {
		return fmt.Sprintf("restart %s: it waits for %s", e.Component, strings.Join(e.WaitsFor, ", "))
	}
	text := fmt.Sprintf("restart %s: the new one %s", e.Component, e.Exit)
	if e.PreviousServes {
		text += "; the old one stays"
	}
	return text
}

// generationError is a RestartError without the component's name and output, which the
// machine does not know.
type generationError struct {
	generation     uint64
	exit           Exit
	previousServes bool
}

func (e *generationError) Error() string { return e.exit.String() }

func (t *transition) addWaiter(w waiter) { t.waiters = append(slices.Clip(t.waiters), w) }

// await registers the callers of an input, who wait for a generation.
func (t *transition) await(in input, minGeneration uint64) {
	if in.waiter != 0 {
		t.addWaiter(waiter{id: in.waiter, minGeneration: minGeneration})
	}
	if in.proof != 0 {
		t.addWaiter(waiter{id: in.proof, minGeneration: minGeneration, proof: true})
	}
}

// answer answers the waiting callers that match.
func (t *transition) answer(err error, match func(waiter) bool) {
	var rest []waiter
	for _, w := range t.waiters {
		if match(w) {
			t.do(action{kind: doAnswer, waiter: w.id, err: err})
		} else {
			rest = append(rest, w)
		}
	}
	t.waiters = rest
}

// answerGeneration answers the callers that wait for this generation or an earlier one,
// because it has ended before it was ready.
func (t *transition) answerGeneration(generation uint64, exit Exit) {
	err := &generationError{generation: generation, exit: exit, previousServes: t.current.phase == serving}
	t.answer(err, func(w waiter) bool { return !w.stop && w.minGeneration <= generation })
}

// answerAll answers every caller that waits for a generation, because no more will be
// started.
func (t *transition) answerAll(exit Exit) {
	t.answer(&generationError{generation: t.last, exit: exit}, func(w waiter) bool { return !w.stop })
}
