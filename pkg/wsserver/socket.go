package wsserver

import (
	"net"
	"syscall"

	"taskctl/pkg/listen"
)

// socket writes without blocking, so that one goroutine can serve many clients.
// Its methods must not be called concurrently.
type socket interface {
	// tryWrite writes as much as the connection accepts at once. full means that
	// the caller must not write again before waitWritable has returned.
	tryWrite(p []byte) (n int, full bool, err error)

	// progress reports whether bytes wait to be sent, and how many bytes the peer has
	// acknowledged in total, if the system reports that.
	progress() (backlog bool, acked uint64)

	// waitWritable blocks until the connection may accept more, or is closed.
	waitWritable() error
}

// plainSocket serves connections that only have blocking writes, as with TLS. tryWrite
// copies its argument; waitWritable writes the copy, until the connection is closed.
type plainSocket struct {
	conn    net.Conn
	below   syscall.RawConn // the TCP connection; nil: unknown
	pending []byte
}

// maxPending bounds the copy in a plainSocket, in bytes.
const maxPending = 16 << 10

func (s *plainSocket) tryWrite(p []byte) (int, bool, error) {
	n := min(len(p), maxPending-len(s.pending))
	s.pending = append(s.pending, p[:n]...)
	return n, true, nil
}

func (s *plainSocket) waitWritable() error {
	_, err := s.conn.Write(s.pending)
	s.pending = nil
	return err
}

func (s *plainSocket) progress() (backlog bool, acked uint64) {
	if s.below == nil {
		return false, 0
	}
	return listen.Progress(s.below)
}
