//go:build unix

package wsserver

import (
	"errors"
	"net"
	"syscall"

	"golang.org/x/sys/unix"

	"taskctl/pkg/listen"
)

func newSocket(conn net.Conn) socket {
	if c, ok := conn.(syscall.Conn); ok {
		if raw, err := c.SyscallConn(); err == nil {
			return fdSocket{raw}
		}
	}
	return &plainSocket{conn: conn, below: listen.Raw(listen.Transport(conn))}
}

// fdSocket writes to the non-blocking descriptor itself: the callback returns true
// at EAGAIN, so that the runtime's poller does not wait.
type fdSocket struct{ raw syscall.RawConn }

func (s fdSocket) tryWrite(p []byte) (n int, full bool, err error) {
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

// waitWritable asks the kernel before it waits for the poller: the poller is
// edge-triggered, and the change may have come just after the last write.
func (s fdSocket) waitWritable() error {
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

func (s fdSocket) progress() (backlog bool, acked uint64) {
	return listen.Progress(s.raw)
}
