package wsserver_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/VictoriaMetrics/metrics"
	"github.com/gorilla/websocket"
	"go.uber.org/goleak"

	"taskctl/pkg/eventlog/eventlogtest"
	"taskctl/pkg/listen"
	"taskctl/pkg/task"
	"taskctl/pkg/wsserver"
)

func TestMain(m *testing.M) {
	if spec := os.Getenv(readersEnv); spec != "" {
		if err := beReaders(spec); err != nil {
			fmt.Println(err)
		}
		return
	}
	goleak.VerifyTestMain(m)
}

// waitTimeout bounds every wait of these tests.
const waitTimeout = 20 * time.Second

// system is a Server over a log in memory, with a broker in memory.
type system struct {
	*wsserver.Server
	log     *eventlogtest.Log
	pipe    *eventlogtest.Pipe
	metrics *metrics.Set
	addr    string
	retire  chan struct{}
	stop    func() error // once; ends the server and returns what Run did
}

// serve starts a system. log nil means a new one.
func serve(t testing.TB, config wsserver.Config, log *eventlogtest.Log) *system {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if log == nil {
		log = eventlogtest.NewLog("e1")
	}
	return serveOn(t, l, config, log, log)
}

// serveOn starts a system that sees log by way of view.
func serveOn(t testing.TB, l net.Listener, config wsserver.Config, log *eventlogtest.Log, view task.Log) *system {
	t.Helper()
	s := &system{
		log: log, pipe: new(eventlogtest.Pipe), metrics: metrics.NewSet(),
		addr: l.Addr().String(), retire: make(chan struct{}),
	}
	server, err := wsserver.New(config, wsserver.Deps{
		Listeners: []net.Listener{l}, Gate: listen.Gate{Retire: s.retire},
		Log: view, Subscriber: s.pipe, Metrics: s.metrics, Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	s.Server = server
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx) }()
	s.stop = sync.OnceValue(func() error { cancel(); return <-done })
	t.Cleanup(func() {
		if err := s.stop(); err != nil {
			t.Error(err)
		}
	})
	select {
	case <-s.Ready():
	case <-time.After(waitTimeout):
		t.Fatal("not ready")
	}
	return s
}

// publish appends n events to the log and hands them to the broker.
func (s *system) publish(n int) []task.Event {
	events := s.log.Add(n)
	s.pipe.Publish(s.log.Epoch(), events)
	return events
}

// message is any message of the server.
type message struct {
	Type    string          `json:"type"`
	Message string          `json:"message"`
	Clients int             `json:"clients"`
	Seq     uint64          `json:"seq"`
	Epoch   string          `json:"epoch"`
	Resumed bool            `json:"resumed"`
	Reason  string          `json:"reason"`
	Prev    *uint64         `json:"prev"`
	Task    json.RawMessage `json:"task"`
}

// peer is a client of the server.
type peer struct {
	t testing.TB
	*websocket.Conn
}

// dial connects with the query, and returns the welcome, which it has read.
func (s *system) dial(t testing.TB, query string) (*peer, message) {
	t.Helper()
	conn, _, err := websocket.DefaultDialer.Dial("ws://"+s.addr+"/ws"+query, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	p := &peer{t, conn}
	w := p.next()
	if w.Type != "connected" {
		t.Fatalf("the first message is %+v; want the welcome", w)
	}
	return p, w
}

func (p *peer) next() message {
	p.t.Helper()
	m, err := p.read()
	if err != nil {
		p.t.Fatal(err)
	}
	return m
}

func (p *peer) read() (m message, err error) {
	_ = p.SetReadDeadline(time.Now().Add(waitTimeout))
	kind, data, err := p.ReadMessage()
	if err != nil {
		return m, err
	}
	if err := json.Unmarshal(data, &m); err != nil || kind != websocket.TextMessage {
		return m, fmt.Errorf("%q (kind %d): %w", data, kind, err)
	}
	return m, nil
}

// expect reads the events from to to, and nothing but heartbeats between.
func (p *peer) expect(from, to uint64) {
	p.t.Helper()
	if err := p.follow(from, to); err != nil {
		p.t.Fatal(err)
	}
}

// follow is expect for goroutines other than the test's.
func (p *peer) follow(from, to uint64) error {
	for seq := from; seq <= to; {
		_ = p.SetReadDeadline(time.Now().Add(waitTimeout))
		_, data, err := p.ReadMessage()
		switch {
		case err != nil:
			return fmt.Errorf("waiting for event %d: %w", seq, err)
		case bytes.HasPrefix(data, []byte(`{"type":"heartbeat"`)):
			continue
		case !bytes.HasPrefix(data, []byte(`{"type":"task_`)) || !bytes.HasSuffix(data, fmt.Appendf(nil, `,"seq":%d}`, seq)):
			return fmt.Errorf("got %s; want event %d", data, seq)
		}
		seq++
	}
	return nil
}

// closed reads until the connection ends, and returns how.
func (p *peer) closed() *websocket.CloseError {
	p.t.Helper()
	for {
		_ = p.SetReadDeadline(time.Now().Add(waitTimeout))
		_, _, err := p.ReadMessage()
		if err == nil {
			continue
		}
		ce, ok := err.(*websocket.CloseError)
		if !ok {
			p.t.Fatalf("ended with %v; want a close frame", err)
		}
		return ce
	}
}

// value reads a metric.
func (s *system) value(t testing.TB, name string) float64 {
	t.Helper()
	var page bytes.Buffer
	s.metrics.WritePrometheus(&page)
	for line := range bytes.Lines(page.Bytes()) {
		var v float64
		if n, _ := fmt.Sscanf(string(line), name+" %g", &v); n == 1 {
			return v
		}
	}
	t.Fatalf("no metric %s", name)
	return 0
}
