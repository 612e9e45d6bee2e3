// Package wsserver pushes events to any number of WebSocket clients, in order
// and without a gap, from one bounded ring of frames that all of them share.
// A client that falls behind the ring is fed from the event log. routes.go lists
// what the port answers, hub.go holds the clients, client.go sends to one of them.
package wsserver

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"runtime"
	"sync"
	"time"

	"github.com/VictoriaMetrics/metrics"
	"github.com/gorilla/websocket"

	"taskctl/pkg/access"
	"taskctl/pkg/eventlog"
	"taskctl/pkg/listen"
	"taskctl/pkg/message"
	"taskctl/pkg/task"
)

// The defaults of [Config] that are the defaults of the settings too.
const (
	DefaultMaxClients = 10_000
	DefaultRingBytes  = 8 << 20
)

// Config holds the settings of a Server. A zero value means the default given here.
type Config struct {
	Access     access.Policy
	TLS        *tls.Config // nil: plain HTTP
	PerAddress listen.PerAddress
	MaxClients int   // clients connected at once; the next one gets 503: DefaultMaxClients
	RingBytes  int64 // memory for the newest events, shared by all clients: DefaultRingBytes.
	// The cache for clients that are further behind takes as much again while it is used.

	Ping         time.Duration // between pings: 25 s
	Heartbeat    time.Duration // without a message before a heartbeat is sent: 20 s
	Timeout      time.Duration // for a client to accept a byte, or to answer a ping: 30 s
	PollLinked   time.Duration // between reads of the log while the link is up: 5 s
	PollUnlinked time.Duration // between reads of the log while the link is down: 250 ms

	Grace        time.Duration // for handshakes in progress when the server is replaced; see listen.Server: 100 ms
	CloseTimeout time.Duration // for a client to answer a close frame: 300 ms
	DrainTimeout time.Duration // for all clients to disconnect: 8 s
}

func (c Config) withDefaults() Config {
	c.RingBytes = cmp.Or(c.RingBytes, DefaultRingBytes)
	c.MaxClients = cmp.Or(c.MaxClients, DefaultMaxClients)
	c.Ping = cmp.Or(c.Ping, 25*time.Second)
	c.Heartbeat = cmp.Or(c.Heartbeat, 20*time.Second)
	c.Timeout = cmp.Or(c.Timeout, 30*time.Second)
	c.Grace = cmp.Or(c.Grace, 100*time.Millisecond)
	c.CloseTimeout = cmp.Or(c.CloseTimeout, 300*time.Millisecond)
	c.DrainTimeout = cmp.Or(c.DrainTimeout, 8*time.Second)
	return c
}

// Deps holds the dependencies of a Server. Listeners, Log and Logger are required.
// Run closes the listeners.
type Deps struct {
	Listeners  []net.Listener
	Gate       listen.Gate
	Log        task.Log
	Subscriber task.Subscriber // delivers new events at once; nil: only the log is read
	Link       http.Handler    // serves /link; nil: there is no /link
	Metrics    *metrics.Set    // shown by /metrics, with those of the process; nil: a new set
	Logger     *slog.Logger
	Lang       message.Lang
}

// Server is the notification server. [New] creates it.
type Server struct {
	config    Config
	listeners []net.Listener
	gate      listen.Gate
	link      http.Handler
	connector eventlog.Connector // nil: unknown whether events arrive at once
	set       *metrics.Set
	logger    *slog.Logger

	hub      *hub
	follower *eventlog.Follower
	upgrader *websocket.Upgrader
	checker  *listen.HealthChecker
	ready    chan struct{}
}

// New returns a Server, which [Server.Run] starts.
func New(config Config, deps Deps) (*Server, error) {
	if len(deps.Listeners) == 0 || deps.Log == nil || deps.Logger == nil {
		return nil, errors.New("wsserver: listeners, a log and a logger are required")
	}
	if deps.Metrics == nil {
		deps.Metrics = metrics.NewSet()
	}
	config = config.withDefaults()
	if most := ClientLimit(); config.MaxClients > most {
		deps.Logger.Info("client limit reduced to fit the limit of open files",
			"max_clients", most, "configured", config.MaxClients)
		config.MaxClients = most
	}
	h := &hub{config: config, log: deps.Log, connLog: &connLog{logger: deps.Logger}, lang: deps.Lang, ready: make(chan struct{})}
	intervals := newIntervals(config.Ping, config.Heartbeat, config.Timeout)
	for range runtime.GOMAXPROCS(0) {
		h.shards = append(h.shards, newShard(intervals))
	}
	h.meter = newMeter(deps.Metrics, h)
	connector, _ := deps.Subscriber.(eventlog.Connector)
	if connector != nil {
		deps.Metrics.NewGauge("taskctl_link_up", func() float64 {
			if connector.Connected() {
				return 1
			}
			return 0
		})
	}
	h.catchup = newCatchup(deps.Log, deps.Logger, h.meter)
	return &Server{
		config: config, listeners: deps.Listeners, gate: deps.Gate, link: deps.Link, connector: connector,
		set: deps.Metrics, logger: deps.Logger,
		hub: h,
		follower: eventlog.New(eventlog.Config{Interval: config.PollLinked, AloneInterval: config.PollUnlinked},
			eventlog.Deps{Log: deps.Log, Subscriber: deps.Subscriber, Sink: h, Logger: deps.Logger}),
		upgrader: newUpgrader(),
		checker:  listen.NewHealthChecker(),
		ready:    make(chan struct{}),
	}, nil
}

// otherConns are the connections besides clients: the link, health checks, metrics,
// and those that are told that there are too many clients.
const otherConns = 32

// ClientLimit is how many clients the limit of open files allows.
func ClientLimit() int { return max(1, listen.MaxConns()-otherConns) }

// Ready is closed when the head of the event log is known and clients are served,
// or will be served as soon as the gate opens.
func (s *Server) Ready() <-chan struct{} { return s.ready }

// CheckHealth sends a health check to this server, as its launcher wants to know it.
func (s *Server) CheckHealth(ctx context.Context) error { return s.checker.Check(ctx) }

// Addr is the address of the first listener.
func (s *Server) Addr() string { return s.listeners[0].Addr().String() }

// Clients counts the connected clients.
func (s *Server) Clients() int { return int(s.hub.clients.Load()) }

// Run serves until ctx ends or the gate retires it, then closes every client with
// a close frame and returns nil. An error means that it could not serve.
func (s *Server) Run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	var background sync.WaitGroup
	var followErr error
	background.Go(func() {
		defer cancel() // without the follower, clients get no events
		followErr = s.follower.Run(ctx)
	})
	for _, shard := range s.hub.shards {
		background.Go(func() { shard.run(ctx) })
	}
	for range catchupWorkers {
		background.Go(func() { s.hub.catchup.run(ctx) })
	}
	background.Go(func() { s.hub.maintain(ctx) })
	if s.config.Access.Tokens != nil {
		background.Go(func() { s.hub.closeRevoked(ctx, s.config.Access.Tokens) })
	}
	err := s.serve(ctx)
	cancel()
	background.Wait()
	return errors.Join(err, followErr)
}

func (s *Server) serve(ctx context.Context) error {
	select {
	case <-s.hub.ready:
	case <-ctx.Done():
		for _, l := range s.listeners {
			_ = l.Close() // no connection has been accepted
		}
		return nil
	}
	close(s.ready)
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true) // a WebSocket handshake needs it
	server := listen.Server{
		HTTP: &http.Server{
			Protocols:         protocols,
			Handler:           s,
			ReadHeaderTimeout: 10 * time.Second,
			ReadTimeout:       10 * time.Second,
			WriteTimeout:      15 * time.Second,
			IdleTimeout:       time.Minute,
			MaxHeaderBytes:    16 << 10,
		},
		TLS:          s.config.TLS,
		PerAddress:   s.config.PerAddress,
		Health:       s.checker,
		Listeners:    s.listeners,
		Logger:       s.logger,
		Gate:         s.gate,
		Grace:        s.config.Grace,
		DrainTimeout: s.config.DrainTimeout,
		Drain: func(ctx context.Context, cause listen.StopCause) {
			if cause == listen.Retired {
				s.hub.shutdown(ctx, func(nth int) (closeCode, string) { return closeRestarting, retryReason(nth) })
			} else {
				s.hub.shutdown(ctx, func(int) (closeCode, string) { return closeGoingAway, "shutting down" })
			}
		},
	}
	err := server.Run(ctx)
	if err == nil { // no new handshake can begin
		s.hub.handshakes.Wait()
	}
	return err
}
