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
	b := &startup{pending: make(map[string]struct{}), started: make(chan struct{}), failed: make(chan struct{})}
	for _, name := range required {
		b.pending[name] = struct{}{}
	}
	return b
}

// ready records that a component is ready.
func (b *startup) ready(name string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.markReady(name)
}

// begin is called once, before the components start. If none is required, it ends the
// phase.
func (b *startup) begin() { b.ready("") }

func (b *startup) markReady(name string) {
	if b.err != nil || wait.IsClosed(b.started) {
		return
	}
	delete(b.pending, name)
	if len(b.pending) == 0 {
		close(b.started)
	}
}

// checkFailure calls f under the lock, with whether the phase still lasts. An error of
// f makes the start fail; announceFailure then makes the failure public.
func (b *startup) checkFailure(f func(booting bool) *StartError) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if err := f(!wait.IsClosed(b.started)); err != nil && b.err == nil {
		b.err = err
	}
}

// announceFailure closes the channel of a failed start. It is called when the details
// of the failure can be read.
func (b *startup) announceFailure() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.err != nil && !wait.IsClosed(b.failed) {
		close(b.failed)
	}
}

func (b *startup) error() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.err == nil {
		return nil
	}
	return b.err
}
