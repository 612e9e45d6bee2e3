// Package wsserver pushes events to any number of WebSocket clients, in order
// and without a gap, from one bounded ring of frames that all of them share.
// Who falls behind is fed from the event log. routes.go shows what the port
// answers, hub.go who is served, client.go how.
package wsserver

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"runtime"
	"sync"
	"time"

	"github.com/VictoriaMetrics/metrics"
	"github.com/gorilla/websocket"

	"github.com/taskctl/taskctl/pkg/access"
	"github.com/taskctl/taskctl/pkg/eventlog"
	"github.com/taskctl/taskctl/pkg/listen"
	"github.com/taskctl/taskctl/pkg/message"
	"github.com/taskctl/taskctl/pkg/task"
)

// Config is what can be set about a Server. Zero values mean the defaults given
// here.
type Config struct {
	Access     access.Policy
	MaxClients int   // at once; one more is answered 503: 20,000
	RingBytes  int64 // memory for the newest events, shared by all clients: 8 MiB;
	// as much again is used while some clients are further behind than that

	Ping      time.Duration // between pings: 25 s
	Heartbeat time.Duration // of silence before a heartbeat message: 20 s
	Timeout   time.Duration // for a client to take a byte, or to answer a ping: 30 s
	Quiet     time.Duration // between looks at the log while the link is up: 5 s
	Alone     time.Duration // the same while it is down: 250 ms

	Grace        time.Duration // for a handshake under way when the server is replaced; see listen.Server: 100 ms
	CloseTimeout time.Duration // for a client to answer a close frame: 300 ms
	DrainTimeout time.Duration // for all of them to leave: 8 s
}

func (c Config) withDefaults() Config {
	c.RingBytes = cmp.Or(c.RingBytes, 8<<20)
	c.MaxClients = cmp.Or(c.MaxClients, 20_000)
	c.Ping = cmp.Or(c.Ping, 25*time.Second)
	c.Heartbeat = cmp.Or(c.Heartbeat, 20*time.Second)
	c.Timeout = cmp.Or(c.Timeout, 30*time.Second)
	c.Grace = cmp.Or(c.Grace, 100*time.Millisecond)
	c.CloseTimeout = cmp.Or(c.CloseTimeout, 300*time.Millisecond)
	c.DrainTimeout = cmp.Or(c.DrainTimeout, 8*time.Second)
	return c
}

// Deps is what a Server works with. Listeners, Log and Logger are required; Run
// closes the listeners.
type Deps struct {
	Listeners  []net.Listener
	Gate       listen.Gate
	Log        task.Log
	Subscriber task.Subscriber // what arrives live; nil: the log alone is followed
	Link       http.Handler    // serves /link; nil: there is none
	Metrics    *metrics.Set    // what /metrics shows, besides the process; nil: a set of its own
	Logger     *slog.Logger
	Lang       message.Lang
}

// Server is the notification server. Make it with [New].
type Server struct {
	config    Config
	listeners []net.Listener
	gate      listen.Gate
	link      http.Handler
	set       *metrics.Set
	logger    *slog.Logger

	hub      *hub
	follower *eventlog.Follower
	upgrader *websocket.Upgrader
	ready    chan struct{}
}

// New wires a Server; it starts with [Server.Run].
func New(config Config, deps Deps) (*Server, error) {
	if len(deps.Listeners) == 0 || deps.Log == nil || deps.Logger == nil {
		return nil, errors.New("wsserver: listeners, a log and a logger are required")
	}
	if deps.Metrics == nil {
		deps.Metrics = metrics.NewSet()
	}
	config = config.withDefaults()
	if most := affordable(listen.OpenFiles()); most > 0 && config.MaxClients > most {
		deps.Logger.Info("fewer clients than configured: a process may not open more files",
			"max_clients", most, "configured", config.MaxClients)
		config.MaxClients = most
	}
	h := &hub{config: config, log: deps.Log, logger: deps.Logger, lang: deps.Lang, begun: make(chan struct{})}
	rhythm := newRhythm(config.Ping, config.Heartbeat, config.Timeout)
	for range runtime.GOMAXPROCS(0) {
		h.shards = append(h.shards, newShard(rhythm))
	}
	h.meter = newMeter(deps.Metrics, h)
	if link, ok := deps.Subscriber.(eventlog.Connector); ok {
		deps.Metrics.NewGauge("taskctl_link_up", func() float64 {
			if link.Connected() {
				return 1
			}
			return 0
		})
	}
	h.catchup = newCatchup(deps.Log, deps.Logger, h.meter)
	return &Server{
		config: config, listeners: deps.Listeners, gate: deps.Gate, link: deps.Link,
		set: deps.Metrics, logger: deps.Logger,
		hub: h,
		follower: eventlog.New(eventlog.Config{Quiet: config.Quiet, Alone: config.Alone},
			deps.Log, deps.Subscriber, h, deps.Logger),
		upgrader: newUpgrader(),
		ready:    make(chan struct{}),
	}, nil
}

// affordable is how many clients a limit of open files leaves room for, with some
// left over to refuse the others, to read the log, and to answer requests.
func affordable(files int) int { return files - files/16 - 32 }

// Ready is closed when the place in the event log is known and clients are
// served, or will be as soon as the gate opens.
func (s *Server) Ready() <-chan struct{} { return s.ready }

// Addr is the address of the first listener.
func (s *Server) Addr() string { return s.listeners[0].Addr().String() }

// Clients counts the connected clients.
func (s *Server) Clients() int { return int(s.hub.clients.Load()) }

// Run serves until ctx ends or the gate retires it, sends every client away with
// a close frame, and returns nil. An error means that it could not serve.
func (s *Server) Run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	var background sync.WaitGroup
	var followErr error
	background.Go(func() {
		defer cancel() // without it nobody would be told anything
		followErr = s.follower.Run(ctx)
	})
	for _, shard := range s.hub.shards {
		background.Go(func() { shard.run(ctx) })
	}
	for range catchupWorkers {
		background.Go(func() { s.hub.catchup.run(ctx) })
	}
	background.Go(func() { s.hub.sweep(ctx) })
	err := s.serve(ctx)
	cancel()
	background.Wait()
	return errors.Join(err, followErr)
}

func (s *Server) serve(ctx context.Context) error {
	select {
	case <-s.hub.begun:
	case <-ctx.Done():
		for _, l := range s.listeners {
			_ = l.Close() // nobody has been served
		}
		return nil
	}
	close(s.ready)
	server := listen.Server{
		HTTP: &http.Server{
			Handler:           s,
			ReadHeaderTimeout: 10 * time.Second,
			ReadTimeout:       15 * time.Second,
			WriteTimeout:      15 * time.Second,
			IdleTimeout:       time.Minute,
			MaxHeaderBytes:    16 << 10,
			ErrorLog:          slog.NewLogLogger(s.logger.Handler(), slog.LevelDebug),
		},
		Listeners:    s.listeners,
		Gate:         s.gate,
		Grace:        s.config.Grace,
		DrainTimeout: s.config.DrainTimeout,
		Drain: func(ctx context.Context, retired bool) {
			if retired {
				s.hub.leave(ctx, func(nth int) (closeCode, string) { return closeRestarting, retryReason(nth) })
			} else {
				s.hub.leave(ctx, func(int) (closeCode, string) { return closeGoingAway, "shutting down" })
			}
		},
	}
	err := server.Run(ctx)
	if err == nil { // no handshake begins any more
		s.hub.handshakes.Wait()
	}
	return err
}
