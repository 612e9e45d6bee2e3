//go:build unix

package bench

import (
	"errors"
	"io"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// drain waits until the connection is readable and only then takes a buffer from
// the pool. A read that does not fill the buffer has emptied the socket, so drain
// waits again without another read call.
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
		r.readBuffer = <-r.readBufferPool.free
		defer func() { r.readBufferPool.free <- r.readBuffer }()
		for {
			n, err := unix.Read(int(fd), r.readBuffer.chunk)
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
			if ended = r.scan(r.readBuffer.chunk[:n]); ended != nil {
				return true
			}
			if n < len(r.readBuffer.chunk) {
				return false
			}
		}
	})
	return errors.Join(err, ended)
}
