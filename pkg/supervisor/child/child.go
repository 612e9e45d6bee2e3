// Package child is a component's end of its supervision: how it says that it is
// ready, gets its listening sockets, and learns that its launcher is gone. A
// component cannot tell from its [Handle] whether it is a process or a group of
// goroutines; run by hand it has none, and a nil Handle is a valid one.
package child

import (
	"io"
	"net"
	"strings"

	"github.com/taskctl/taskctl/pkg/listen"
)

// The lines that travel between a child and its launcher.
const (
	LineReady  = "ready"  // up: it serves, or would if it might accept
	LineAlive  = "alive"  // up: it is well
	NotePrefix = "note "  // up: anything else, for those who asked for notes
	LineAccept = "accept" // down: connections may be accepted now
	LineRetire = "retire" // down: accept no more, serve what is here, and end
)

// Handle is what a supervised component holds. All methods may be called from
// any goroutine and on a nil Handle, where they do nothing.
type Handle struct {
	parts Parts
}

// Parts is what a Handle is made of.
type Parts struct {
	Tell      func(line string) // takes a line up; must not block
	Gate      listen.Gate
	Listeners []net.Listener
	Gone      <-chan struct{}
	Stdout    io.Writer
	Stderr    io.Writer
}

// New makes a Handle for a component that runs inside its launcher's process.
// Children use [Connect].
func New(parts Parts) *Handle { return &Handle{parts: parts} }

// Ready says that the component serves. Repeating it is harmless.
func (h *Handle) Ready() { h.tell(LineReady) }

// Alive says that the component is well. A component that is watched by its
// reports must send them more often than every probe interval of the supervisor.
func (h *Handle) Alive() { h.tell(LineAlive) }

// Note sends one line to whoever asked for this component's notes. Where the
// launcher does not read, later notes replace earlier ones.
func (h *Handle) Note(text string) {
	h.tell(NotePrefix + strings.ReplaceAll(text, "\n", " "))
}

func (h *Handle) tell(line string) {
	if h != nil {
		h.parts.Tell(line)
	}
}

// Gate says when to accept connections and when to leave them to the next
// generation. Without a launcher: from the start, and never.
func (h *Handle) Gate() listen.Gate {
	if h == nil {
		return listen.Gate{}
	}
	return h.parts.Gate
}

// Listeners returns the sockets that the launcher holds for the component, in
// the launcher's order. Closing them leaves the launcher's own open. Nil without
// a launcher.
func (h *Handle) Listeners() []net.Listener {
	if h == nil {
		return nil
	}
	return h.parts.Listeners
}

// Gone is closed when the launcher has died. Nil, which never is ready, without one.
func (h *Handle) Gone() <-chan struct{} {
	if h == nil {
		return nil
	}
	return h.parts.Gone
}

// Stdout is where the component's standard output goes; nil without a launcher.
func (h *Handle) Stdout() io.Writer {
	if h == nil {
		return nil
	}
	return h.parts.Stdout
}

// Stderr is where the component's messages go; nil without a launcher.
func (h *Handle) Stderr() io.Writer {
	if h == nil {
		return nil
	}
	return h.parts.Stderr
}
