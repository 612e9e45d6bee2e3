// Package api serves tasks over HTTP. routes.go lists every route, errors.go every
// error.
package api

import (
	"cmp"
	"context"
	"crypto/rand"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/VictoriaMetrics/metrics"

	"taskctl/pkg/access"
	"taskctl/pkg/eventlog"
	"taskctl/pkg/listen"
	"taskctl/pkg/task"
)

// MaxBody bounds a request body, in bytes; a larger one is answered 413.
const MaxBody = 1 << 20

// maxHeader bounds the request line and headers, in bytes.
const maxHeader = 32 << 10

// Config holds the settings of a Server. A zero duration or number means the default
// given here.
type Config struct {
	Access       access.Policy
	TLS          *tls.Config // nil: plain HTTP
	PerAddress   listen.PerAddress
	Version      string // of the program, for /healthz and the OpenAPI document
	WebSocketURL string // the address of the notifications, shown by / without a board

	AccessLog  bool // log a line for every request
	MaxConns   int  // connections at once; requests on further ones are answered 503: 2,048
	MaxStreams int  // event streams at once; further ones are answered 503: 256

	HeaderTimeout time.Duration // for the headers of a request to arrive: 10 s
	ReadTimeout   time.Duration // for a whole request to arrive: 10 s
	WriteTimeout  time.Duration // for the client to accept an answer, or a write on a stream: 30 s
	IdleTimeout   time.Duration // of a connection between two requests: 2 min
	Heartbeat     time.Duration // between heartbeats on an idle stream: 15 s
	LogInterval   time.Duration // between reads of the log, for events that Subscriber did not deliver: 1 s

	Grace        time.Duration // see listen.Server: 100 ms
	DrainTimeout time.Duration // see listen.Server: 8 s
}

func (c Config) withDefaults() Config {
	c.MaxConns = cmp.Or(c.MaxConns, 2048)
	c.MaxStreams = cmp.Or(c.MaxStreams, 256)
	c.HeaderTimeout = cmp.Or(c.HeaderTimeout, 10*time.Second)
	c.ReadTimeout = cmp.Or(c.ReadTimeout, 10*time.Second)
	c.WriteTimeout = cmp.Or(c.WriteTimeout, 30*time.Second)
	c.IdleTimeout = cmp.Or(c.IdleTimeout, 2*time.Minute)
	c.Heartbeat = cmp.Or(c.Heartbeat, 15*time.Second)
	c.LogInterval = cmp.Or(c.LogInterval, time.Second)
	c.Grace = cmp.Or(c.Grace, 100*time.Millisecond)
	c.DrainTimeout = cmp.Or(c.DrainTimeout, 8*time.Second)
	return c
}

// Deps holds the dependencies of a Server. Listeners, Store and Logger are required.
// Run closes the listeners. The caller closes the store after Run has returned.
type Deps struct {
	Listeners []net.Listener
	Gate      listen.Gate
	Store     task.Store
	// Subscriber delivers committed events to the event streams; nil: the streams
	// get them when the log is read, every LogInterval.
	Subscriber task.Subscriber
	Link       func() bool // whether the notification server is connected; nil: unknown
	Queued     func() int  // the writes that wait in the store; nil: unknown
	// System returns the state of the components as JSON. Without it, or when it
	// fails, the API runs without a launcher.
	System  func(ctx context.Context) ([]byte, error)
	Board   http.Handler // serves / and /board/; nil: / is a text page
	Metrics *metrics.Set // shown by /metrics, with those of the process; nil: a new set
	Logger  *slog.Logger
}

// Server is the API. [New] creates it.
type Server struct {
	cfg      Config
	deps     Deps
	log      *slog.Logger
	routes   routeTable
	document []byte    // the OpenAPI document
	scratch  sync.Pool // of *scratch
	buffers  *buffers

	instance string // the beginning of the request ids that this server generates
	requests atomic.Uint64
	// multiplexed counts HTTP/2 requests in progress: they share connections, so the
	// limit of connections does not bound them.
	multiplexed atomic.Int64

	overload    throttle         // of log lines about refused clients
	unavailable throttle         // of log lines about requests that the store could not serve
	sent        *metrics.Counter // events sent on streams
	streams     *streams
	fanout      *eventlog.Fanout // of the events, to the streams
	checker     *listen.HealthChecker
	ready       chan struct{}
}

// New returns a Server, which [Server.Run] starts.
func New(cfg Config, deps Deps) (*Server, error) {
	if len(deps.Listeners) == 0 || deps.Store == nil || deps.Logger == nil {
		return nil, errors.New("api: listeners, a store and a logger are required")
	}
	if deps.Metrics == nil {
		deps.Metrics = metrics.NewSet()
	}
	s := &Server{
		cfg:      cfg.withDefaults(),
		deps:     deps,
		log:      deps.Logger,
		instance: rand.Text()[:8],
		checker:  listen.NewHealthChecker(),
		ready:    make(chan struct{}),
		sent:     deps.Metrics.GetOrCreateCounter("taskctl_event_stream_events_total"),
	}
	s.overload.interval, s.unavailable.interval = time.Minute, time.Second
	s.streams = newStreams(s.cfg.MaxStreams)
	s.buffers = newBuffers()
	s.fanout = eventlog.NewFanout(deps.Store)
	s.scratch.New = func() any { return new(scratch) }
	s.routes = newRouteTable(s.routeList(), newMeter(deps.Metrics))
	s.document = describe(s.cfg)
	return s, nil
}

// Run serves until ctx ends or the gate retires it, finishes the requests in
// progress, and returns nil. An error means that it could not serve.
func (s *Server) Run(ctx context.Context) error {
	if _, _, err := s.deps.Store.Bounds(ctx); err != nil {
		for _, l := range s.deps.Listeners {
			_ = l.Close() // the store's error is returned
		}
		if ctx.Err() != nil {
			return nil
		}
		return fmt.Errorf("open the event log: %w", err)
	}
	close(s.ready)
	server := listen.Server{
		HTTP: &http.Server{
			Handler:           s,
			ReadHeaderTimeout: s.cfg.HeaderTimeout,
			ReadTimeout:       s.cfg.ReadTimeout,
			WriteTimeout:      s.cfg.ReadTimeout + s.cfg.WriteTimeout, // it starts at the beginning of the request
			IdleTimeout:       s.cfg.IdleTimeout,
			MaxHeaderBytes:    maxHeader,
		},
		Listeners:    s.deps.Listeners,
		Gate:         s.deps.Gate,
		TLS:          s.cfg.TLS,
		Malformed:    malformed,
		MaxConns:     s.cfg.MaxConns,
		PerAddress:   s.cfg.PerAddress,
		Health:       s.checker,
		Logger:       s.log,
		Grace:        s.cfg.Grace,
		DrainTimeout: s.cfg.DrainTimeout,
		Drain:        func(context.Context, listen.StopCause) { s.streams.close() },
	}
	return s.runWithFollower(ctx, server.Run)
}

// runWithFollower calls run, and feeds the event streams until run returns: they are
// drained after ctx has ended.
func (s *Server) runWithFollower(ctx context.Context, run func(context.Context) error) (err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	followCtx, stopFollower := context.WithCancel(context.WithoutCancel(ctx))
	follower := eventlog.New(eventlog.Config{Interval: s.cfg.LogInterval, AloneInterval: s.cfg.LogInterval},
		eventlog.Deps{Log: s.deps.Store, Subscriber: s.deps.Subscriber, Sink: s.fanout, Logger: s.log})
	followed := make(chan error, 1)
	go func() {
		defer cancel()
		followed <- follower.Run(followCtx)
	}()
	err = run(ctx)
	stopFollower()
	return errors.Join(err, <-followed)
}

// Ready is closed when the store has answered and requests are served, or will be
// served as soon as the gate opens.
func (s *Server) Ready() <-chan struct{} { return s.ready }

// CheckHealth sends a health check to this server, as its launcher wants to know it.
func (s *Server) CheckHealth(ctx context.Context) error { return s.checker.Check(ctx) }

// Addr is the address of the first listener.
func (s *Server) Addr() string { return s.deps.Listeners[0].Addr().String() }
