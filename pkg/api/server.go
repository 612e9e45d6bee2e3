// Package api serves tasks over HTTP. routes.go shows its whole surface,
// errors.go every way it can refuse.
package api

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/VictoriaMetrics/metrics"

	"github.com/taskctl/taskctl/pkg/access"
	"github.com/taskctl/taskctl/pkg/listen"
	"github.com/taskctl/taskctl/pkg/task"
)

// MaxBody is the largest request body in bytes; a longer one is answered 413.
const MaxBody = 1 << 20

// maxHeader is what a request line and headers may take, in bytes.
const maxHeader = 32 << 10

// Config is what can be set about an api. Zero durations and numbers mean the
// defaults given here.
type Config struct {
	Access       access.Policy
	Version      string // of the program, for /healthz and the OpenAPI document
	WebSocketURL string // where notifications are, for those who look at /

	MaxConns   int // connections at once; requests on more are answered 503: 2,048
	MaxStreams int // server-sent event streams at once; more are answered 503: 256

	HeaderTimeout time.Duration // for a request's headers to arrive: 10 s
	ReadTimeout   time.Duration // for a whole request to arrive: 30 s
	WriteTimeout  time.Duration // for an answer to be taken, and for each event of a stream: 30 s
	IdleTimeout   time.Duration // of a connection between requests: 2 min
	Heartbeat     time.Duration // between signs of life on an idle stream: 15 s
	LogCheck      time.Duration // between a stream's looks at the log for events nobody told of: 1 s

	Grace        time.Duration // see listen.Server: 100 ms
	DrainTimeout time.Duration // see listen.Server: 8 s
}

func (c Config) withDefaults() Config {
	c.MaxConns = cmp.Or(c.MaxConns, 2048)
	c.MaxStreams = cmp.Or(c.MaxStreams, 256)
	c.HeaderTimeout = cmp.Or(c.HeaderTimeout, 10*time.Second)
	c.ReadTimeout = cmp.Or(c.ReadTimeout, 30*time.Second)
	c.WriteTimeout = cmp.Or(c.WriteTimeout, 30*time.Second)
	c.IdleTimeout = cmp.Or(c.IdleTimeout, 2*time.Minute)
	c.Heartbeat = cmp.Or(c.Heartbeat, 15*time.Second)
	c.LogCheck = cmp.Or(c.LogCheck, time.Second)
	c.Grace = cmp.Or(c.Grace, 100*time.Millisecond)
	c.DrainTimeout = cmp.Or(c.DrainTimeout, 8*time.Second)
	return c
}

// Deps is what an api works with. Listeners and Store are required; Run closes
// the listeners, whoever opened the store closes it, after Run has returned.
type Deps struct {
	Listeners []net.Listener
	Gate      listen.Gate
	Store     task.Store
	Notifier  *Notifier   // wakes event streams; nil: they look at the log now and then
	Link      func() bool // whether the notification server is linked; nil: nobody knows
	Queued    func() int  // how many writes wait in the store; nil: nobody knows
	// System returns how the components are, as JSON; nil, or an error: the api
	// runs without a launcher.
	System  func(ctx context.Context) ([]byte, error)
	Board   http.Handler // serves / and /board/; nil: / is a page of text
	Metrics *metrics.Set // what /metrics shows, besides the process; nil: a set of its own
	Logger  *slog.Logger
}

// Server is the api. Make it with [New].
type Server struct {
	cfg      Config
	deps     Deps
	log      *slog.Logger
	routes   routeTable
	document func() ([]byte, error) // the OpenAPI document
	scratch  sync.Pool              // of *scratch

	instance string // begins every request id that this server makes
	requests atomic.Uint64
	// saidCrowded is when it was logged last that there are too many connections,
	// in Unix seconds.
	saidCrowded atomic.Int64
	sent        *metrics.Counter // events, on streams
	streams     *streams
	ready       chan struct{}
}

// New wires an api; it starts with [Server.Run].
func New(cfg Config, deps Deps) (*Server, error) {
	if len(deps.Listeners) == 0 || deps.Store == nil || deps.Logger == nil {
		return nil, errors.New("api: listeners, a store and a logger are required")
	}
	if deps.Metrics == nil {
		deps.Metrics = metrics.NewSet()
	}
	if deps.Notifier == nil {
		deps.Notifier = new(Notifier)
	}
	s := &Server{
		cfg:      cfg.withDefaults(),
		deps:     deps,
		log:      deps.Logger,
		instance: rand.Text()[:8],
		ready:    make(chan struct{}),
		sent:     deps.Metrics.GetOrCreateCounter("taskctl_event_stream_events_total"),
	}
	s.streams = newStreams(s.cfg.MaxStreams)
	s.scratch.New = func() any { return new(scratch) }
	routes := s.routesOf()
	s.routes = newRouteTable(routes, newMeter(deps.Metrics))
	s.document = sync.OnceValues(func() ([]byte, error) { return writeOpenAPI(s.cfg, routes) })
	return s, nil
}

// Run serves until ctx ends or the gate retires it, finishes the requests under
// way, and returns nil. An error means that it could not serve.
func (s *Server) Run(ctx context.Context) error {
	if _, _, err := s.deps.Store.Bounds(ctx); err != nil {
		for _, l := range s.deps.Listeners {
			_ = l.Close() // the reason that counts is the store's
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
			WriteTimeout:      s.cfg.ReadTimeout + s.cfg.WriteTimeout, // it counts from the request's beginning
			IdleTimeout:       s.cfg.IdleTimeout,
			MaxHeaderBytes:    maxHeader,
			ErrorLog:          slog.NewLogLogger(s.log.Handler(), slog.LevelWarn),
		},
		Listeners:    s.deps.Listeners,
		Gate:         s.deps.Gate,
		Malformed:    malformed,
		MaxConns:     s.cfg.MaxConns,
		Grace:        s.cfg.Grace,
		DrainTimeout: s.cfg.DrainTimeout,
		Drain:        func(context.Context, bool) { s.streams.close() },
	}
	return server.Run(ctx)
}

// Ready is closed when the store has answered and requests are served, or will
// be as soon as the gate opens.
func (s *Server) Ready() <-chan struct{} { return s.ready }

// Addr is the address of the first listener.
func (s *Server) Addr() string { return s.deps.Listeners[0].Addr().String() }
