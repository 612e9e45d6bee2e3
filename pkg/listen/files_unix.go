//go:build unix

package listen

import (
	"errors"
	"fmt"
	"net"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// Files returns a descriptor of each socket, to be inherited by a child. The caller
// closes them. They are duplicated without net.TCPListener.File, which would put the
// shared socket into blocking mode for every process that has it open.
func (s *Set) Files() ([]*os.File, error) {
	var files []*os.File
	for _, l := range s.Listeners {
		f, err := duplicate(l)
		if err != nil {
			for _, f := range files {
				err = errors.Join(err, f.Close())
			}
			return nil, fmt.Errorf("duplicate the socket of %s: %w", l.Addr(), err)
		}
		files = append(files, f)
	}
	return files, nil
}

func duplicate(l net.Listener) (*os.File, error) {
	conn, ok := l.(syscall.Conn)
	if !ok {
		return nil, fmt.Errorf("%T has no descriptor", l)
	}
	raw, err := conn.SyscallConn()
	if err != nil {
		return nil, err
	}
	var fd int
	var dupErr error
	if err := raw.Control(func(s uintptr) {
		fd, dupErr = unix.FcntlInt(s, unix.F_DUPFD_CLOEXEC, 0)
	}); err != nil {
		return nil, err
	}
	if dupErr != nil {
		return nil, dupErr
	}
	return os.NewFile(uintptr(fd), l.Addr().String()), nil
}

// Share returns listeners of the same sockets: closing them leaves these open.
func (s *Set) Share() ([]net.Listener, error) {
	var shared []net.Listener
	for _, l := range s.Listeners {
		own, err := share(l)
		if err != nil {
			for _, l := range shared {
				err = errors.Join(err, l.Close())
			}
			return nil, fmt.Errorf("share the socket of %s: %w", l.Addr(), err)
		}
		shared = append(shared, own)
	}
	return shared, nil
}

// share returns another listener on the socket of l.
func share(l net.Listener) (net.Listener, error) {
	f, err := duplicate(l)
	if err != nil {
		return nil, err
	}
	shared, err := net.FileListener(f)
	return shared, errors.Join(err, f.Close())
}
