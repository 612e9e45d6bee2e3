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

	"github.com/taskctl/taskctl/pkg/listen"
)

// Connect finds the launcher that started this process. It returns nil, and no
// error, when there is none. To be called once, first thing in main, before
// anything can start a process that would inherit the descriptors.
func Connect() (*Handle, error) {
	text, found := os.LookupEnv(Variable)
	if !found {
		return nil, nil
	}
	if err := os.Unsetenv(Variable); err != nil {
		return nil, fmt.Errorf("unset %s: %w", Variable, err)
	}
	w, err := ParseWiring(text)
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

	// A launcher that dies takes the readers of our output with it. Go ends a
	// program whose standard output is a broken pipe, and the drain with it;
	// a handler, unlike SIG_IGN, is not inherited by the commands we start.
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)

	down := newDownlink(w.Gated)
	go down.follow(lifeline)
	return New(Parts{
		Tell:      (&uplink{pipe: notify}).tell,
		Gate:      listen.Gate{Accept: down.gate, Retire: down.retire},
		Listeners: listeners,
		Gone:      down.gone,
		Stdout:    os.Stdout,
		Stderr:    os.Stderr,
	}), nil
}

// pipeEnd makes a descriptor non-blocking, so that the runtime's poller serves
// it and no thread is spent on waiting. The launcher's end is not affected.
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
			unix.SetUnlinkOnClose(false) // the name belongs to the launcher
		}
		opened = append(opened, l)
	}
	return opened, nil
}

// downlink turns the lifeline's lines into closed channels.
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

// follow reads to the end of file, which is how a launcher that was killed
// still says so.
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
