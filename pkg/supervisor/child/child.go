// Package child is a component's side of the supervision: it reports readiness, gets
// its listening sockets, and detects the end of its launcher. A component cannot tell
// from its [Handle] whether it is a process or a group of goroutines. A component run
// by hand has a nil Handle, which is valid.
package child

import (
	"io"
	"net"
	"strings"

	"taskctl/pkg/listen"
)

// The lines between a child and its launcher.
const (
	LineReady  = "ready"  // up: it serves, or serves as soon as it may accept connections
	LineAlive  = "alive"  // up: it is healthy
	NotePrefix = "note "  // up: any other text, for a reader of notes
	LineAccept = "accept" // down: connections may be accepted now
	LineRetire = "retire" // down: accept no more, finish the current requests, and end
)

// Handle connects a component to its supervisor. All methods may be called from any
// goroutine, and on a nil Handle, where they do nothing.
type Handle struct {
	parts Parts
}

// Parts are the parts of a Handle.
type Parts struct {
	Send      func(line string) // sends a line up; must not block
	Gate      listen.Gate
	Listeners []net.Listener
	Gone      <-chan struct{}
	Stdout    io.Writer
	Stderr    io.Writer
}

// New returns a Handle for a component that runs in its launcher's process. Child
// processes use [Connect].
func New(parts Parts) *Handle { return &Handle{parts: parts} }

// Ready reports that the component serves. It may be called again.
func (h *Handle) Ready() { h.send(LineReady) }

// Alive reports that the component is healthy. A component whose health is checked by
// these reports must send them more often than the supervisor's probe interval.
func (h *Handle) Alive() { h.send(LineAlive) }

// Note sends one line to the reader of this component's notes. While the launcher does
// not read, later notes replace earlier ones.
func (h *Handle) Note(text string) {
	h.send(NotePrefix + strings.ReplaceAll(text, "\n", " "))
}

func (h *Handle) send(line string) {
	if h != nil {
		h.parts.Send(line)
	}
}

// Gate tells when to accept connections, and when to leave them to the next generation.
// Without a launcher it is open from the start and never closes.
func (h *Handle) Gate() listen.Gate {
	if h == nil {
		return listen.Gate{}
	}
	return h.parts.Gate
}

// Listeners returns the sockets that the launcher holds for the component, in the
// launcher's order; nil without a launcher. Closing them does not close the launcher's.
func (h *Handle) Listeners() []net.Listener {
	if h == nil {
		return nil
	}
	return h.parts.Listeners
}

// Gone is closed when the launcher has died. Without a launcher it is a nil channel, which
// blocks forever.
func (h *Handle) Gone() <-chan struct{} {
	if h == nil {
		return nil
	}
	return h.parts.Gone
}

// Stdout is the component's standard output; nil without a launcher.
func (h *Handle) Stdout() io.Writer {
	if h == nil {
		return nil
	}
	return h.parts.Stdout
}

// Stderr is the component's standard error; nil without a launcher.
func (h *Handle) Stderr() io.Writer {
	if h == nil {
		return nil
	}
	return h.parts.Stderr
}
