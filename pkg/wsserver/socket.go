package wsserver

import (
	"net"
	"time"
)

// socket writes without waiting, so that one goroutine can serve many clients.
// Its methods are called by one goroutine at a time.
type socket interface {
	// try writes what the connection takes at once. full says that it took less
	// than all of p, or that no more should be tried before wait has returned.
	try(p []byte) (n int, full bool, err error)

	// wait blocks until the connection may take more, or is closed.
	wait() error
}

// plainSocket serves connections that can only be written to by waiting: it
// holds back a copy of what try was given until wait writes it.
type plainSocket struct {
	conn  net.Conn
	limit time.Duration // for wait to write what it holds
	held  []byte
}

// plainChunk bounds what a plainSocket holds.
const plainChunk = 16 << 10

func (s *plainSocket) try(p []byte) (int, bool, error) {
	n := min(len(p), plainChunk-len(s.held))
	s.held = append(s.held, p[:n]...)
	return n, true, nil
}

func (s *plainSocket) wait() error {
	if err := s.conn.SetWriteDeadline(time.Now().Add(s.limit)); err != nil {
		return err
	}
	_, err := s.conn.Write(s.held)
	s.held = nil
	return err
}
