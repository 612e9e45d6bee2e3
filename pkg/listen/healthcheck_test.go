package listen

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"testing"
	"time"
)

// TestAHealthCheckIsAnsweredDuringAFlood has connections wait in the accept queue that
// nobody accepts, as when they come faster than they can be accepted.
func TestAHealthCheckIsAnsweredDuringAFlood(t *testing.T) {
	set, err := (*Inherited)(nil).Open("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	stuck := &stuckListener{Listener: set.Listeners[0], closed: make(chan struct{})}
	checker := NewHealthChecker()
	status := http.StatusOK
	s := &Server{
		HTTP: &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if _, _, err := net.SplitHostPort(r.RemoteAddr); err != nil || r.URL.Path != "/healthz" || Refused(r) || AcceptError(r) != nil {
				t.Errorf("%s asks for %s", r.RemoteAddr, r.URL.Path)
			}
			w.WriteHeader(status)
			fmt.Fprint(w, "fine")
		})},
		Listeners: []net.Listener{stuck}, Health: checker, DrainTimeout: time.Second,
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	for range 3 {
		if err := checker.Check(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	status = http.StatusServiceUnavailable
	if err := checker.Check(t.Context()); err == nil {
		t.Error("a server that is ill is called healthy")
	}
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if err := checker.Check(t.Context()); err == nil {
		t.Error("a server that has ended is called healthy")
	}
}

// stuckListener accepts nothing.
type stuckListener struct {
	net.Listener
	closed chan struct{}
}

func (l *stuckListener) Accept() (net.Conn, error) {
	<-l.closed
	return nil, net.ErrClosed
}

func (l *stuckListener) Close() error {
	select {
	case <-l.closed:
	default:
		close(l.closed)
	}
	return l.Listener.Close()
}
