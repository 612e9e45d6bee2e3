package listen

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
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

	// TLS is the TLS configuration; nil: plain HTTP.
	TLS *tls.Config

	// Malformed answers input that is not an HTTP request; nil: net/http does, as text.
	Malformed Malformed

	// MaxConns is how many connections are served at once; 0: as many as the limit of
	// open files allows. Requests on a few further connections are [Refused]: the
	// handler answers 503, unless the request must always be answered, and then the
	// connection is closed. Connections that have not sent a whole request do not
	// count: they are bounded by the limit of open files, and closed after
	// HTTP.ReadHeaderTimeout.
	MaxConns int

	// PerAddress bounds the connections of one address.
	PerAddress PerAddress

	// Health sends health checks to this server; nil: none are sent.
	Health *HealthChecker

	// Logger logs connections that are closed to make room; nil: discards.
	Logger *slog.Logger

	// Grace is how long a retired server keeps connections that are between two
	// requests. The next answer on each carries Connection: close, so that the client
	// reconnects: closing an idle connection would race with its next request. The
	// grace ends early when no connection is left.
	Grace time.Duration
	// DrainTimeout bounds the wait for requests in progress. Their connections are
	// closed after it.
	DrainTimeout time.Duration
	// Drain, if set, is called once when accepting has stopped, while plain requests
	// drain. It must end streams and hijacked connections, which do not end by
	// themselves, and which net/http neither closes nor waits for.
	Drain func(ctx context.Context, cause StopCause)
}

// StopCause says why a server stops.
type StopCause uint8

// The causes.
const (
	Requested StopCause = iota // its context has ended
	Retired                    // the next generation serves
)

// pendingGrace is how long a connection without a whole request is waited for when
// the server drains.
const pendingGrace = 50 * time.Millisecond

// Run serves until ctx ends or the gate retires it, then drains and returns nil. An
// error means that a socket failed before that.
func (s *Server) Run(ctx context.Context) error { return s.run(ctx, s.newPool()) }

func (s *Server) run(ctx context.Context, conns *pool) error {
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

	var retiring atomic.Bool
	s.HTTP.ConnState = conns.track
	s.HTTP.ConnContext = withConn
	s.HTTP.Handler = conns.handler(s.HTTP.Handler, &retiring)
	s.HTTP.ErrorLog = newErrorLog(conns.logger)
	s.HTTP.TLSConfig = s.TLS

	var group run.Group
	for _, l := range s.Listeners {
		l = newPoolListener(l, conns)
		if s.Malformed != nil && s.TLS == nil { // with TLS, net/http has to see the connection
			l = &malformedListener{l, s.Malformed}
		}
		group.Add(func() error { return s.serve(l) }, func(error) { _ = l.Close() })
	}
	if s.Health != nil {
		l := s.Health.listener(conns)
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
	cause := Requested
	if retiring.Load() {
		cause = Retired
	}
	return s.drain(ctx, cause, conns)
}

func (s *Server) serve(l net.Listener) error {
	if s.TLS == nil {
		return s.HTTP.Serve(l)
	}
	return s.HTTP.ServeTLS(l, "", "")
}

func (s *Server) newPool() *pool {
	p := &pool{limit: capacityOf(MaxOpenFiles()), timeout: s.HTTP.ReadHeaderTimeout, logger: s.Logger, addresses: newAddresses(s.PerAddress)}
	if s.MaxConns > 0 {
		p.limit.established = min(p.limit.established, s.MaxConns)
	}
	if s.TLS == nil {
		p.busy = busyResponse(s.Malformed)
	}
	if p.logger == nil {
		p.logger = slog.New(slog.DiscardHandler)
	}
	return p
}

// drain ends the accepted connections. It continues after ctx has ended, bounded by its
// own timeouts; ctx only ends the grace.
func (s *Server) drain(ctx context.Context, cause StopCause, conns *pool) error {
	unhurried := context.WithoutCancel(ctx)
	var drained sync.WaitGroup
	if s.Drain != nil {
		drained.Go(func() {
			deadline, cancel := context.WithTimeout(unhurried, s.DrainTimeout)
			defer cancel()
			s.Drain(deadline, cause)
		})
	}
	if cause == Retired {
		select {
		case <-conns.gone():
		case <-time.After(s.Grace):
		case <-ctx.Done():
		}
	}
	deadline, cancel := context.WithTimeout(unhurried, s.DrainTimeout)
	defer cancel()
	// Once Shutdown has begun, net/http drops the requests that it reads, without a
	// response, and waits five seconds for a connection that has not sent one: a
	// connection that a browser has opened in advance would delay the stop.
	conns.awaitHandlers(pendingGrace)
	conns.closePending()
	err := s.HTTP.Shutdown(deadline)
	drained.Wait()
	if err != nil {
		return errors.Join(fmt.Errorf("requests not finished within %v were aborted: %w", s.DrainTimeout, err), s.HTTP.Close())
	}
	return nil
}

func (s *Server) closeListeners() {
	for _, l := range s.Listeners {
		_ = l.Close() // usually closed already
	}
}
