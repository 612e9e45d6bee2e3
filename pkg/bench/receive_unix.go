//go:build unix

package bench

import (
	"errors"
	"io"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// drain waits for the connection to have something, and only then borrows a desk
// to read it at. It goes back to waiting without asking the kernel whether there
// is more, when a read was not filled: what comes after it wakes the wait.
func (r *receiver) drain() error {
	conn, ok := r.conn.(syscall.Conn)
	if !ok {
		return r.drainBuffered()
	}
	raw, err := conn.SyscallConn()
	if err != nil {
		return err
	}
	var ended error
	err = raw.Read(func(fd uintptr) bool {
		r.desk = <-r.desks.free
		defer func() { r.desks.free <- r.desk }()
		for {
			n, err := unix.Read(int(fd), r.desk.chunk)
			switch {
			case errors.Is(err, unix.EINTR):
				continue
			case errors.Is(err, unix.EAGAIN):
				return false
			case err == nil && n == 0:
				err = io.EOF
			}
			if err != nil {
				ended = err
				return true
			}
			r.now = time.Now()
			if ended = r.scan(r.desk.chunk[:n]); ended != nil {
				return true
			}
			if n < len(r.desk.chunk) {
				return false
			}
		}
	})
	return errors.Join(err, ended)
}
