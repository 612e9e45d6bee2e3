package listen

import (
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

// lame accepts nothing for want of descriptors, but what it is given.
type lame struct {
	net.Listener
	give chan net.Conn
}

func (l *lame) Accept() (net.Conn, error) {
	select {
	case c := <-l.give:
		return c, nil
	default:
		return nil, &net.OpError{Op: "accept", Net: "tcp", Err: syscall.EMFILE}
	}
}

func (l *lame) Close() error { return nil }

// slow fails now and then, and nobody comes meanwhile.
type slow struct {
	net.Listener
	left int
}

func (l *slow) Accept() (net.Conn, error) {
	time.Sleep(time.Hour)
	if l.left--; l.left == 0 {
		return nil, net.ErrClosed
	}
	return nil, &net.OpError{Op: "accept", Net: "tcp", Err: syscall.ECONNABORTED}
}

func (l *slow) Close() error { return nil }

func TestFailuresFarApartAreNone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &slow{left: 10}
		server := Server{HTTP: &http.Server{ErrorLog: log.New(io.Discard, "", 0)}, Listeners: []net.Listener{l}}
		if err := server.Run(t.Context()); err != nil || l.left != 0 {
			t.Errorf("it ended with %v, %d failures early", err, l.left)
		}
	})
}

func TestServerThatCanAcceptNothingEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &lame{give: make(chan net.Conn, 1)}
		served := &http.Server{ErrorLog: log.New(io.Discard, "", 0)}
		server := Server{HTTP: served, Listeners: []net.Listener{l}}
		began := time.Now()
		time.AfterFunc(acceptPatience/2, func() { // a descriptor has become free: all is well
			near, far := net.Pipe()
			_ = far.Close()
			l.give <- near
		})
		err := server.Run(t.Context())
		if !errors.Is(err, syscall.EMFILE) || !strings.Contains(err.Error(), "no connection could be accepted for 5s") {
			t.Errorf("it ended with %v", err)
		}
		if took := time.Since(began); took < acceptPatience*3/2 || took > acceptPatience*2 {
			t.Errorf("it ended after %v", took)
		}
	})
}
