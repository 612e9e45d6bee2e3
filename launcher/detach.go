package launcher

import (
	"errors"
	"io"
)

// ErrStoppedBeforeReady says that a detached launcher was stopped by another
// command while the start waited for it.
var ErrStoppedBeforeReady = errors.New("stopped before it was ready")

// DetachOptions are what [Detach] needs.
type DetachOptions struct {
	Executable     string
	Args           []string // the command line, without the program's name
	Stdout, Stderr io.Writer
	Again          <-chan struct{} // after the end of the context, each value is one more Ctrl+C
}
