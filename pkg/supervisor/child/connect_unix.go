//go:build unix

package child

import (
	"bufio"
	"errors"
	"fmt"
	"net"
	"os"
	"os/signal"
	"syscall"

	"taskctl/pkg/listen"
)

// Connect connects to the launcher that started this process. Without a launcher it
// returns nil and no error. It must be called once, at the beginning of main, before
// anything starts a process that would inherit the descriptors.
func Connect() (*Handle, error) {
	text, found := os.LookupEnv(Variable)
	if !found {
		return nil, nil
	}
	if err := os.Unsetenv(Variable); err != nil {
		return nil, fmt.Errorf("unset %s: %w", Variable, err)
	}
	w, err := ParseDescriptors(text)
	if err != nil {
		return nil, err
	}
	for _, fd := range append([]int{w.Notify, w.Lifeline}, w.Listen...) {
		syscall.CloseOnExec(fd)
	}
	listeners, err := listeners(w.Listen)
	if err != nil {
		return nil, err
	}
	notify, err := pipeEnd(w.Notify, "notify")
	if err != nil {
		return nil, err
	}
	lifeline, err := pipeEnd(w.Lifeline, "lifeline")
	if err != nil {
		return nil, err
	}

	// When the launcher dies, our output is a broken pipe. Go would end the program
	// at the next write, in the middle of its drain. A handler, unlike SIG_IGN, is not
	// inherited by the commands that we start.
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)

	down := newDownlink(w.Gated)
	go down.follow(lifeline)
	return New(Parts{
		Send:      (&uplink{pipe: notify}).send,
		Gate:      listen.Gate{Accept: down.gate, Retire: down.retire},
		Listeners: listeners,
		Gone:      down.gone,
		Stdout:    os.Stdout,
		Stderr:    os.Stderr,
	}), nil
}

// pipeEnd makes a descriptor non-blocking, so that the runtime's poller waits for it
// instead of a thread. The launcher's end is not affected.
func pipeEnd(fd int, name string) (*os.File, error) {
	if err := syscall.SetNonblock(fd, true); err != nil {
		return nil, fmt.Errorf("%s: descriptor %d, the %s: %w", Variable, fd, name, err)
	}
	return os.NewFile(uintptr(fd), name), nil
}

func listeners(fds []int) ([]net.Listener, error) {
	files := make([]*os.File, len(fds))
	for i, fd := range fds {
		files[i] = os.NewFile(uintptr(fd), fmt.Sprintf("socket %d", i))
	}
	opened, err := Listeners(files)
	for _, f := range files {
		err = errors.Join(err, f.Close())
	}
	return opened, err
}

// Listeners makes a listener of each socket, without closing the files.
func Listeners(files []*os.File) ([]net.Listener, error) {
	var opened []net.Listener
	for _, f := range files {
		l, err := net.FileListener(f)
		if err != nil {
			for _, l := range opened {
				err = errors.Join(err, l.Close())
			}
			return nil, fmt.Errorf("listen on the inherited %s: %w", f.Name(), err)
		}
		if unix, ok := l.(*net.UnixListener); ok {
			unix.SetUnlinkOnClose(false) // the launcher removes the path
		}
		opened = append(opened, l)
	}
	return opened, nil
}

// downlink closes channels when the lines of the lifeline arrive.
type downlink struct {
	gate                 <-chan struct{} // nil: open from the start
	accept, retire, gone chan struct{}
}

func newDownlink(gated bool) *downlink {
	d := &downlink{accept: make(chan struct{}), retire: make(chan struct{}), gone: make(chan struct{})}
	if gated {
		d.gate = d.accept
	}
	return d
}

// follow reads until the end of file, which comes even if the launcher was killed.
func (d *downlink) follow(lifeline *os.File) {
	defer close(d.gone)
	defer func() { _ = lifeline.Close() }()
	accept, retire := d.accept, d.retire
	for lines := bufio.NewScanner(lifeline); lines.Scan(); {
		switch lines.Text() {
		case LineAccept:
			if accept != nil {
				close(accept)
			}
			accept = nil
		case LineRetire:
			if retire != nil {
				close(retire)
			}
			retire = nil
		}
	}
}
