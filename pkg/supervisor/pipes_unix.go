//go:build linux || darwin

package supervisor

import (
	"errors"
	"fmt"
	"os"

	"taskctl/pkg/supervisor/child"
)

// pipes are the pipes between this process and one child.
type pipes struct {
	stdout, stderr *os.File // read here
	notify         *os.File // read here; nil for a user's command
	stdin          *os.File // never written; nil if the child's stdin is the null device
	lifeline       *os.File // written here; nil for a user's command

	inherited   []*os.File // the child's descriptors 0, 1, …
	childEnds   []*os.File // the ones of inherited that this process closes
	descriptors *child.Descriptors
}

// openPipes opens the pipes for the child of one generation.
func (p Process) openPipes(gen Generation) (w *pipes, err error) {
	w = &pipes{}
	defer func() {
		if err != nil {
			w.close()
		}
	}()
	stdin, err := w.openStdin(p)
	if err != nil {
		return w, err
	}
	w.addChildEnd(stdin)
	if w.stdout, err = w.openFromChild(); err != nil {
		return w, err
	}
	if w.stderr, err = w.openFromChild(); err != nil {
		return w, err
	}
	if !p.Ours {
		return w, nil
	}
	w.descriptors = &child.Descriptors{Gated: gen.Gated, Notify: len(w.inherited)}
	if w.notify, err = w.openFromChild(); err != nil {
		return w, err
	}
	w.descriptors.Lifeline = len(w.inherited)
	read, write, err := os.Pipe()
	if err != nil {
		return w, fmt.Errorf("open the lifeline: %w", err)
	}
	w.lifeline = write
	w.addChildEnd(read)
	var sockets []*os.File
	if p.Sockets != nil {
		if sockets, err = p.Sockets(); err != nil {
			return w, fmt.Errorf("get its sockets: %w", err)
		}
	}
	for _, socket := range sockets {
		w.descriptors.Listen = append(w.descriptors.Listen, len(w.inherited))
		w.inherited = append(w.inherited, socket)
	}
	return w, nil
}

// openStdin returns the child's stdin: the null device, or a pipe whose other end stays
// open here until the child has ended.
func (w *pipes) openStdin(p Process) (*os.File, error) {
	if !p.OpenStdin {
		return os.Open(os.DevNull)
	}
	read, write, err := os.Pipe()
	if err != nil {
		return nil, fmt.Errorf("open stdin: %w", err)
	}
	w.stdin = write
	return read, nil
}

// openFromChild opens a pipe that the child writes to.
func (w *pipes) openFromChild() (*os.File, error) {
	read, write, err := os.Pipe()
	if err != nil {
		return nil, fmt.Errorf("open a pipe: %w", err)
	}
	w.addChildEnd(write)
	return read, nil
}

func (w *pipes) addChildEnd(f *os.File) {
	w.inherited = append(w.inherited, f)
	w.childEnds = append(w.childEnds, f)
}

// closeChildEnds closes the child's ends, once it has them.
func (w *pipes) closeChildEnds() error {
	var errs []error
	for _, f := range w.childEnds {
		errs = append(errs, f.Close())
	}
	w.childEnds = nil
	return errors.Join(errs...)
}

// close closes all pipes. It is for a child that could not be started.
func (w *pipes) close() {
	_ = w.closeChildEnds()
	for _, f := range []*os.File{w.stdin, w.stdout, w.stderr, w.notify, w.lifeline} {
		if f != nil {
			_ = f.Close()
		}
	}
}
