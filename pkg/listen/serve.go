package listen

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/oklog/run"
)

// Gate hands one set of sockets from one generation of a component to the next:
// both hold the same accept queue, so no connection is refused in between.
type Gate struct {
	Accept <-chan struct{} // closed when connections may be accepted; nil: from the start
	Retire <-chan struct{} // closed when the next generation accepts; nil: never
}

// Server serves HTTP on a set of sockets.
type Server struct {
	HTTP      *http.Server
	Listeners []net.Listener
	Gate      Gate
	MaxConns  int // connections at once; more wait in the backlog. 0: no limit

	// Grace is how long a retired server goes on answering, each answer with
	// Connection: close, so that clients leave by themselves: closing an idle
	// connection races with the next request on it.
	Grace time.Duration
	// DrainTimeout bounds the end of requests under way; what is left then is cut.
	DrainTimeout time.Duration
	// Drain, where set, is called once when accepting has stopped, beside the
	// drain of plain requests, and has to end the connections that a handler
	// hijacked: net/http neither closes nor awaits those.
	Drain func(ctx context.Context, retired bool)
}

// freshGrace is how long a connection without a first byte is waited for when
// the server drains.
const freshGrace = 50 * time.Millisecond

// Run serves until ctx ends or the gate retires it, then drains and returns nil.
// An error means that a socket failed while it was wanted.
func (s *Server) Run(ctx context.Context) error {
	defer s.closeListeners()
	if s.Gate.Accept != nil {
		select {
		case <-s.Gate.Accept:
		case <-s.Gate.Retire:
			return nil
		case <-ctx.Done():
			return nil
		}
	}

	fresh := newFreshConns()
	s.HTTP.ConnState = fresh.track
	var retiring atomic.Bool
	s.HTTP.Handler = closeWhen(&retiring, s.HTTP.Handler)

	var group run.Group
	slots := newSlots(s.MaxConns)
	for _, l := range s.Listeners {
		group.Add(func() error { return s.HTTP.Serve(slots.limit(l)) }, func(error) { _ = l.Close() })
	}
	waiting, stopWaiting := context.WithCancel(ctx)
	defer stopWaiting()
	group.Add(func() error {
		select {
		case <-waiting.Done():
		case <-s.Gate.Retire:
			retiring.Store(true)
		}
		return nil
	}, func(error) { stopWaiting() })

	if err := group.Run(); err != nil && !errors.Is(err, net.ErrClosed) {
		return errors.Join(fmt.Errorf("serve: %w", err), s.HTTP.Close())
	}
	return s.drain(ctx, retiring.Load(), fresh)
}

// drain ends what was accepted. It runs after ctx has ended, so it is bounded by
// its own deadline.
func (s *Server) drain(ctx context.Context, retired bool, fresh *freshConns) error {
	if retired {
		select {
		case <-time.After(s.Grace):
		case <-ctx.Done():
		}
	}
	deadline, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.DrainTimeout)
	defer cancel()

	var hijacked sync.WaitGroup
	if s.Drain != nil {
		hijacked.Go(func() { s.Drain(deadline, retired) })
	}
	// Shutdown takes a connection that has not sent a byte for busy, for five
	// seconds: a browser's spare one would hold up the stop.
	cut := time.AfterFunc(freshGrace, fresh.close)
	defer cut.Stop()
	err := s.HTTP.Shutdown(deadline)
	hijacked.Wait()
	if err != nil {
		return errors.Join(fmt.Errorf("requests still under way after %v were cut: %w", s.DrainTimeout, err), s.HTTP.Close())
	}
	return nil
}

func (s *Server) closeListeners() {
	for _, l := range s.Listeners {
		_ = l.Close() // closed already on most ways here
	}
}

// closeWhen adds Connection: close to every answer once the flag is up.
func closeWhen(flag *atomic.Bool, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if flag.Load() {
			w.Header().Set("Connection", "close")
		}
		next.ServeHTTP(w, r)
	})
}
