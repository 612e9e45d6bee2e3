//go:build unix

package postgres

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/VictoriaMetrics/metrics"
	"github.com/jackc/pgx/v5/pgconn"
	"go.uber.org/goleak"

	"taskctl/pkg/broker/brokertest"
	"taskctl/pkg/broker/notice"
	"taskctl/pkg/eventlog/eventlogtest"
	"taskctl/pkg/store/postgrestest"
	"taskctl/pkg/task"
	"taskctl/pkg/wait/waittest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// connectTo connects to a database of a server.
func connectTo(url string) Connect {
	return func(ctx context.Context, notified func(string)) (*pgconn.PgConn, error) {
		config, err := pgconn.ParseConfig(url)
		if err != nil {
			return nil, err
		}
		if notified != nil {
			config.OnNotification = func(_ *pgconn.PgConn, n *pgconn.Notification) { notified(n.Payload) }
		}
		return pgconn.ConnectConfig(ctx, config)
	}
}

// run runs a publisher until the test ends.
func run(t *testing.T, p *notice.Publisher) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	var running sync.WaitGroup
	running.Go(func() {
		if err := p.Run(ctx); err != nil {
			t.Errorf("Run: %v", err)
		}
	})
	t.Cleanup(func() { cancel(); running.Wait() })
}

func configured(connect Connect) notice.Config {
	return notice.Config{
		Broker: Broker{Connect: connect, Channel: "events"},
		System: func(context.Context) (string, error) { return "ours", nil },
	}
}

func publisher(t *testing.T, connect Connect) *notice.Publisher {
	p := notice.NewPublisher(configured(connect), metrics.NewSet(), slog.New(slog.DiscardHandler))
	run(t, p)
	return p
}

func subscriber(connect Connect, logger *slog.Logger) *notice.Subscriber {
	return notice.NewSubscriber(configured(connect), "", logger)
}

func TestBroker(t *testing.T) {
	server := postgrestest.Start(t)
	brokertest.Run(t, func(t *testing.T) brokertest.Broker {
		connect := connectTo(server.Database(t))
		return brokertest.Broker{Publisher: publisher(t, connect), Subscriber: subscriber(connect, slog.New(slog.DiscardHandler))}
	})
}

// subscribed counts how often it is notified of events until the test ends.
type subscribed struct{ missed atomic.Int64 }

func subscribe(t *testing.T, s *notice.Subscriber) *subscribed {
	out := &subscribed{}
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	var running sync.WaitGroup
	running.Go(func() {
		err := s.Subscribe(ctx, func(string, []task.Event) { t.Error("an event was delivered") }, func() { out.missed.Add(1) })
		if err != nil {
			t.Errorf("Subscribe: %v", err)
		}
	})
	t.Cleanup(func() { cancel(); running.Wait() })
	return out
}

// TestServerRestart restarts the server: both ends find it again within a second, and
// the receiver learns that it may have missed something.
func TestServerRestart(t *testing.T) {
	server := postgrestest.Start(t)
	connect := connectTo(server.Database(t))
	p := publisher(t, connect)
	s := subscriber(connect, slog.New(slog.DiscardHandler))
	out := subscribe(t, s)
	up := func() bool { return p.Connected() && s.Connected() }
	waittest.For(t, "connections", up)
	for _, signal := range []syscall.Signal{syscall.SIGQUIT, syscall.SIGINT} {
		missed := out.missed.Load()
		server.Stop(signal)
		waittest.For(t, "the end to be noticed", func() bool { return !p.Connected() && !s.Connected() })
		p.Publish("e1", []task.Event{eventlogtest.Event(1)}) // dropped
		server.Start(t)
		back := time.Now()
		waittest.For(t, "connections again", up)
		if took := time.Since(back); took > time.Second {
			t.Errorf("connected %v after the server's return", took)
		}
		waittest.For(t, "the receiver to be told", func() bool { return out.missed.Load() > missed+1 })
	}
}

// TestPooler has LISTEN accepted without effect, as a pooler in transaction mode
// does: the receiver is not connected, and the log says why.
func TestPooler(t *testing.T) {
	server := postgrestest.Start(t)
	url := server.Database(t)
	unreachable := func(ctx context.Context, _ func(string)) (*pgconn.PgConn, error) {
		return connectTo(url)(ctx, func(string) {})
	}
	var text bytes.Buffer
	var mu sync.Mutex
	s := subscriber(unreachable, slog.New(slog.NewTextHandler(lockedWriter{&mu, &text}, nil)))
	subscribe(t, s)
	waittest.For(t, "a word of the pooler", func() bool {
		mu.Lock()
		defer mu.Unlock()
		return strings.Contains(text.String(), "pooler")
	})
	if s.Connected() {
		t.Error("it is connected")
	}
}

type lockedWriter struct {
	mu  *sync.Mutex
	out *bytes.Buffer
}

func (w lockedWriter) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.out.Write(p)
}
