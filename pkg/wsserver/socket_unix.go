//go:build unix

package wsserver

import (
	"errors"
	"net"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

func newSocket(conn net.Conn, limit time.Duration) socket {
	if c, ok := conn.(syscall.Conn); ok {
		if raw, err := c.SyscallConn(); err == nil {
			return fdSocket{raw}
		}
	}
	return &plainSocket{conn: conn, limit: limit}
}

// fdSocket writes to the descriptor itself: it is non-blocking, and returning
// true to the runtime's poller at EAGAIN means not to wait.
type fdSocket struct{ raw syscall.RawConn }

func (s fdSocket) try(p []byte) (n int, full bool, err error) {
	var writeErr error
	err = s.raw.Write(func(fd uintptr) bool {
		n, full, writeErr = write(int(fd), p)
		return true
	})
	return n, full, errors.Join(err, writeErr)
}

func write(fd int, p []byte) (n int, full bool, err error) {
	for {
		n, err = unix.Write(fd, p)
		switch {
		case err == nil:
			return n, n < len(p), nil
		case errors.Is(err, unix.EAGAIN):
			return 0, true, nil
		case !errors.Is(err, unix.EINTR):
			return 0, false, err
		}
	}
}

// wait asks the kernel itself before it waits for the poller: the poller tells
// of a change once, and may have done so since the write that was refused.
func (s fdSocket) wait() error {
	var pollErr error
	err := s.raw.Write(func(fd uintptr) bool {
		fds := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLOUT}}
		n, err := unix.Poll(fds, 0)
		if err != nil && !errors.Is(err, unix.EINTR) {
			pollErr = err
			return true
		}
		return n > 0
	})
	return errors.Join(err, pollErr)
}
