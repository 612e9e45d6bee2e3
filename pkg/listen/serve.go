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

	// Malformed answers what is no request; nil: net/http does, as text.
	Malformed Malformed

	// MaxConns is how many connections are served at once; 0: no limit. For the
	// requests on some more, [Spare] is true: the handler refuses them, or answers
	// what has to be answered at any time, and then they are closed.
	MaxConns int

	// Grace is how long a retired server keeps connections that are between two
	// requests. The next answer on each carries Connection: close, so that the
	// client leaves by itself: closing an idle connection races with its next
	// request. The server goes when all have left, which on most days is at once.
	Grace time.Duration
	// DrainTimeout bounds the end of requests under way; what is left then is cut.
	DrainTimeout time.Duration
	// Drain, where set, is called once when accepting has stopped, beside the
	// drain of plain requests, and has to end what does not end by itself:
	// streams, and the connections that a handler hijacked, which net/http
	// neither closes nor awaits.
	Drain func(ctx context.Context, retired bool)
}

// freshGrace is how long a connection without a first byte is waited for when
// the server drains.
const freshGrace = 50 * time.Millisecond

// Run serves until ctx ends or the gate retires it, then drains and returns nil.
// An error means that a socket failed while it was wanted, or could accept
// nothing for a while.
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

	open := newConns()
	s.HTTP.ConnState = open.track
	var retiring atomic.Bool
	s.HTTP.Handler = closeWhen(&retiring, s.HTTP.Handler)

	limit := func(l net.Listener) net.Listener { return l }
	if s.MaxConns > 0 {
		limit = newSlots(affordable(s.MaxConns, OpenFiles())).limit
		s.HTTP.ConnContext = markSpare
	}
	var group run.Group
	for _, l := range s.Listeners {
		l = &patientListener{Listener: l}
		if s.Malformed != nil {
			l = &rewordedListener{l, s.Malformed}
		}
		l = limit(l)
		group.Add(func() error { return s.HTTP.Serve(l) }, func(error) { _ = l.Close() })
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
	return s.drain(ctx, retiring.Load(), open)
}

// drain ends what was accepted. It runs on after ctx has ended, so it is bounded
// by its own deadlines; ctx only cuts the grace short.
func (s *Server) drain(ctx context.Context, retired bool, open *conns) error {
	unhurried := context.WithoutCancel(ctx)
	var drained sync.WaitGroup
	if s.Drain != nil {
		drained.Go(func() {
			deadline, cancel := context.WithTimeout(unhurried, s.DrainTimeout)
			defer cancel()
			s.Drain(deadline, retired)
		})
	}
	if retired {
		select {
		case <-open.gone():
		case <-time.After(s.Grace):
		case <-ctx.Done():
		}
	}
	deadline, cancel := context.WithTimeout(unhurried, s.DrainTimeout)
	defer cancel()
	// Shutdown takes a connection that has not sent a byte for busy, for five
	// seconds: a browser's spare one would hold up the stop.
	cut := time.AfterFunc(freshGrace, open.cutFresh)
	defer cut.Stop()
	err := s.HTTP.Shutdown(deadline)
	drained.Wait()
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

// closeWhen adds Connection: close to every answer once the flag is up, and to
// those on spare connections.
func closeWhen(flag *atomic.Bool, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if flag.Load() || Spare(r) {
			w.Header().Set("Connection", "close")
		}
		next.ServeHTTP(w, r)
	})
}
