// Package noticetest is the suite for brokers that send notices. It runs against a real
// server, which the suite may stop.
package noticetest

import (
	"context"
	"log/slog"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/VictoriaMetrics/metrics"

	"taskctl/pkg/broker/brokertest"
	"taskctl/pkg/broker/notice"
	"taskctl/pkg/eventlog/eventlogtest"
	"taskctl/pkg/task"
	"taskctl/pkg/wait/waittest"
)

// Server is the server of a test, and the brokers that connect to it.
type Server struct {
	// Broker returns a broker for an address; empty: that of the server.
	Broker func(address string) notice.Broker
	Stop   func(t *testing.T)
	Start  func(t *testing.T)
	// Forget makes the server forget its subscribers, if it can: FLUSHALL, a deleted
	// exchange.
	Forget func(t *testing.T)
}

// Run runs the suite.
func Run(t *testing.T, s Server) {
	t.Run("suite of all brokers", func(t *testing.T) {
		brokertest.Run(t, func(t *testing.T) brokertest.Broker {
			c := config(s.Broker(""), strings.ReplaceAll(t.Name(), " ", "_")) // fields of a payload must not contain spaces
			return brokertest.Broker{Publisher: publisher(t, c), Subscriber: notice.NewSubscriber(c, "", discard())}
		})
	})
	t.Run("other systems and the own publisher mean nothing", s.testIgnored)
	t.Run("a server that never answers", s.testSilent)
	t.Run("a server that restarts", s.testRestart)
	if s.Forget != nil {
		t.Run("a server that forgets its subscribers", s.testForgets)
	}
}

func config(b notice.Broker, system string) notice.Config {
	return notice.Config{Broker: b, System: func(context.Context) (string, error) { return system, nil }}
}

func discard() *slog.Logger { return slog.New(slog.DiscardHandler) }

func publisher(t *testing.T, c notice.Config) *notice.Publisher {
	t.Helper()
	p := notice.NewPublisher(c, metrics.NewSet(), discard())
	run(t, p.Run)
	return p
}

// subscribe counts how often a receiver would read the log.
func subscribe(t *testing.T, s *notice.Subscriber) *atomic.Int64 {
	t.Helper()
	var missed atomic.Int64
	run(t, func(ctx context.Context) error {
		return s.Subscribe(ctx, func(string, []task.Event) { t.Error("an event was delivered") }, func() { missed.Add(1) })
	})
	return &missed
}

func run(t *testing.T, f func(context.Context) error) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	var running sync.WaitGroup
	running.Go(func() {
		if err := f(ctx); err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(func() { cancel(); running.Wait() })
}

func (s Server) testIgnored(t *testing.T) {
	c := config(s.Broker(""), "ours")
	own, foreign, other := publisher(t, c), publisher(t, config(s.Broker(""), "theirs")), publisher(t, c)
	sub := notice.NewSubscriber(c, own.Node(), discard())
	missed := subscribe(t, sub)
	waittest.For(t, "connections", func() bool {
		return own.Connected() && foreign.Connected() && other.Connected() && sub.Connected()
	})
	tell := func(p *notice.Publisher) { p.Publish("e1", []task.Event{eventlogtest.Event(1)}) }
	awaitFrom(t, other, missed)
	before := missed.Load()
	for range 50 {
		tell(own)
		tell(foreign)
	}
	awaitFrom(t, other, missed)
	if now := missed.Load(); now > before+5 {
		t.Errorf("%d reads of the log for 50 notices that mean nothing", now-before)
	}
}

// awaitFrom publishes until the receiver is notified.
func awaitFrom(t *testing.T, p *notice.Publisher, missed *atomic.Int64) {
	t.Helper()
	before := missed.Load()
	waittest.For(t, "a notice to arrive", func() bool {
		if missed.Load() == before {
			p.Publish("e1", []task.Event{eventlogtest.Event(1)})
		}
		return missed.Load() > before
	})
}

// testSilent connects to a listener that accepts connections but never answers: neither
// end is connected, publishing does not block, and both end when their context ends.
func (s Server) testSilent(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	accepted := make(chan net.Conn, 64)
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			accepted <- conn
		}
	}()
	c := config(s.Broker(l.Addr().String()), "ours")
	p, sub := publisher(t, c), notice.NewSubscriber(c, "", discard())
	subscribe(t, sub)
	defer func() { _ = (<-accepted).Close() }()
	defer func() { _ = (<-accepted).Close() }()
	began := time.Now()
	for range 1000 {
		p.Publish("e1", []task.Event{eventlogtest.Event(1)})
	}
	if took := time.Since(began); took > waittest.Timeout/3 {
		t.Errorf("publishing took %v", took)
	}
	if p.Connected() || sub.Connected() {
		t.Error("a server that never answers counts as connected")
	}
}

func (s Server) testRestart(t *testing.T) {
	c := config(s.Broker(""), "ours")
	p, sub := publisher(t, c), notice.NewSubscriber(c, "", discard())
	missed := subscribe(t, sub)
	up := func() bool { return p.Connected() && sub.Connected() }
	waittest.For(t, "connections", up)
	s.Stop(t)
	waittest.For(t, "the end to be noticed", func() bool { return !p.Connected() && !sub.Connected() })
	p.Publish("e1", []task.Event{eventlogtest.Event(1)}) // dropped
	s.Start(t)
	waittest.For(t, "connections again", up)
	awaitFrom(t, p, missed)
}

func (s Server) testForgets(t *testing.T) {
	c := config(s.Broker(""), "ours")
	p, sub := publisher(t, c), notice.NewSubscriber(c, "", discard())
	missed := subscribe(t, sub)
	waittest.For(t, "connections", func() bool { return p.Connected() && sub.Connected() })
	s.Forget(t)
	// More calls than a lost and a new connection cause by themselves.
	enough := missed.Load() + 10
	waittest.For(t, "notices to arrive again", func() bool {
		p.Publish("e1", []task.Event{eventlogtest.Event(1)})
		return missed.Load() >= enough
	})
}
