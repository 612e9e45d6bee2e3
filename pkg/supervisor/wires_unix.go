//go:build linux || darwin

package supervisor

import (
	"errors"
	"fmt"
	"os"

	"github.com/taskctl/taskctl/pkg/supervisor/child"
)

// wires are the pipes between this process and one child.
type wires struct {
	stdout, stderr *os.File // read here
	notify         *os.File // read here; nil for a command that is not ours
	lifeline       *os.File // written here; nil likewise

	inherited []*os.File // what the child gets, as its descriptors 0, 1, …
	theirs    []*os.File // those of them to be closed here
	wiring    *child.Wiring
}

// connect makes the pipes for one child.
func (p Process) connect(gated bool) (w *wires, err error) {
	w = &wires{}
	defer func() {
		if err != nil {
			w.close()
		}
	}()
	null, err := os.Open(os.DevNull)
	if err != nil {
		return w, err
	}
	w.give(null)
	if w.stdout, err = w.up(); err != nil {
		return w, err
	}
	if w.stderr, err = w.up(); err != nil {
		return w, err
	}
	if !p.Ours {
		return w, nil
	}
	w.wiring = &child.Wiring{Gated: gated, Notify: len(w.inherited)}
	if w.notify, err = w.up(); err != nil {
		return w, err
	}
	w.wiring.Lifeline = len(w.inherited)
	read, write, err := os.Pipe()
	if err != nil {
		return w, fmt.Errorf("open the lifeline: %w", err)
	}
	w.lifeline = write
	w.give(read)
	var sockets []*os.File
	if p.Sockets != nil {
		if sockets, err = p.Sockets(); err != nil {
			return w, fmt.Errorf("get its sockets: %w", err)
		}
	}
	for _, socket := range sockets {
		w.wiring.Listen = append(w.wiring.Listen, len(w.inherited))
		w.inherited = append(w.inherited, socket)
	}
	return w, nil
}

// up makes a pipe that the child writes.
func (w *wires) up() (*os.File, error) {
	read, write, err := os.Pipe()
	if err != nil {
		return nil, fmt.Errorf("open a pipe: %w", err)
	}
	w.give(write)
	return read, nil
}

func (w *wires) give(f *os.File) {
	w.inherited = append(w.inherited, f)
	w.theirs = append(w.theirs, f)
}

// letGo closes the child's ends, once it has them.
func (w *wires) letGo() error {
	var errs []error
	for _, f := range w.theirs {
		errs = append(errs, f.Close())
	}
	w.theirs = nil
	return errors.Join(errs...)
}

// close closes everything, when there is no child after all.
func (w *wires) close() {
	_ = w.letGo()
	for _, f := range []*os.File{w.stdout, w.stderr, w.notify, w.lifeline} {
		if f != nil {
			_ = f.Close()
		}
	}
}
