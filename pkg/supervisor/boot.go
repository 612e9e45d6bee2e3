package supervisor

import (
	"fmt"
	"strings"
	"sync"
)

// StartError says which component kept the system from starting, and why.
type StartError struct {
	Component string
	Exit      Exit
	Lines     []string // the last of its output
}

func (e *StartError) Error() string {
	text := fmt.Sprintf("start %s: %s", e.Component, e.Exit)
	if len(e.Lines) > 0 {
		text += "\n" + strings.Join(e.Lines, "\n")
	}
	return text
}

// boot is the first part of the system's life: until every component that must
// be has been ready, the death of one of them makes the start fail; from then
// on it is restarted. The lock makes sure that each death sees one or the other.
type boot struct {
	mu      sync.Mutex
	pending map[string]struct{} // required, and not ready yet
	started chan struct{}
	failed  chan struct{}
	err     *StartError
}

func newBoot(required []string) *boot {
	b := &boot{pending: make(map[string]struct{}), started: make(chan struct{}), failed: make(chan struct{})}
	for _, name := range required {
		b.pending[name] = struct{}{}
	}
	return b
}

// ready notes that a component has been ready.
func (b *boot) ready(name string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.settle(name)
}

// begin is called once, when the components begin: with none required, that is all.
func (b *boot) begin() { b.ready("") }

func (b *boot) settle(name string) {
	if b.err != nil || isClosed(b.started) {
		return
	}
	delete(b.pending, name)
	if len(b.pending) == 0 {
		close(b.started)
	}
}

// during calls f while the boot can neither end nor fail by anybody else. f
// gets whether it still goes on, and returns why it fails, or nil. The failure
// is decided then, and told by announce.
func (b *boot) during(f func(booting bool) *StartError) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if err := f(!isClosed(b.started)); err != nil && b.err == nil {
		b.err = err
	}
}

// announce makes a failure known, once whoever asks finds the rest of it.
func (b *boot) announce() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.err != nil && !isClosed(b.failed) {
		close(b.failed)
	}
}

func (b *boot) error() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.err == nil {
		return nil
	}
	return b.err
}

func isClosed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}
