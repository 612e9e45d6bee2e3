package supervisor

import (
	"fmt"
	"strings"
	"sync"

	"taskctl/pkg/wait"
)

// StartError says which component kept the system from starting, and why.
type StartError struct {
	Component string
	Exit      Exit
	Lines     []string // the last lines of its output
}

func (e *StartError) Error() string {
	text := fmt.Sprintf("start %s: %s", e.Component, e.Exit)
	if len(e.Lines) > 0 {
		text += "\n" + strings.Join(e.Lines, "\n")
	}
	return text
}

// startup is the phase until every required component has been ready. In this phase the
// death of a required component makes the start fail; later, the component is
// restarted. The lock decides for each death in which phase it happened.
type startup struct {
	mu      sync.Mutex
	pending map[string]struct{} // required, and not ready yet
	started chan struct{}
	failed  chan struct{}
	err     *StartError
}

func newStartup(required []string) *startup {
	s := &startup{pending: make(map[string]struct{}), started: make(chan struct{}), failed: make(chan struct{})}
	for _, name := range required {
		s.pending[name] = struct{}{}
	}
	return s
}

// ready records that a component is ready.
func (s *startup) ready(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err != nil || wait.IsClosed(s.started) {
		return
	}
	delete(s.pending, name)
	if len(s.pending) == 0 {
		close(s.started)
	}
}

// begin is called once, before the components start. If none is required, it ends the
// phase.
func (s *startup) begin() { s.ready("") }

// checkFailure calls f under the lock. inStartup says that the phase still lasts. An
// error of f makes the start fail; announceFailure then makes the failure public.
func (s *startup) checkFailure(f func(inStartup bool) *StartError) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := f(!wait.IsClosed(s.started)); err != nil && s.err == nil {
		s.err = err
	}
}

// announceFailure closes the channel of a failed start. It is called when the details
// of the failure can be read.
func (s *startup) announceFailure() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err != nil && !wait.IsClosed(s.failed) {
		close(s.failed)
	}
}

func (s *startup) error() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err == nil {
		return nil
	}
	return s.err
}
