//go:build linux

package flood

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"taskctl/pkg/wait/waittest"
)

const (
	goodSubscribers = 10
	createRate      = 100 // a second
	createWorkers   = 20
)

// goodClients are connected before the flood, and stay: subscribers that read every
// event, and writers.
type goodClients struct {
	subscribers []*subscriber
	stop        context.CancelFunc
	writing     sync.WaitGroup

	created, refused, late atomic.Int64
	newest                 atomic.Uint64 // seq of the newest task

	mu     sync.Mutex
	faults []string
}

// subscriber is a WebSocket client. It keeps only the first and the last seq, because
// none between them may be missing.
type subscriber struct {
	conn *websocket.Conn
	last atomic.Uint64
	done chan struct{}
	err  error // after done
}

func newGoodClients(t *testing.T, s *system) *goodClients {
	t.Helper()
	g := new(goodClients)
	for range goodSubscribers {
		conn, _, err := s.subscribe(t.Context())
		if err != nil {
			t.Fatalf("connect a good client: %v", err)
		}
		t.Cleanup(func() { _ = conn.Close() })
		sub := &subscriber{conn: conn, done: make(chan struct{})}
		go func() { defer close(sub.done); sub.err = sub.follow() }()
		g.subscribers = append(g.subscribers, sub)
	}
	ctx, stop := context.WithCancel(t.Context())
	g.stop = stop
	t.Cleanup(func() { stop(); g.writing.Wait() })
	g.write(ctx, t, s)
	return g
}

// subscribe connects to wsserver.
func (s *system) subscribe(ctx context.Context) (*websocket.Conn, *http.Response, error) {
	dialer := websocket.Dialer{HandshakeTimeout: newcomerTimeout, TLSClientConfig: s.tls}
	return dialer.DialContext(ctx, strings.Replace(s.url(s.ws), "http", "ws", 1)+"/ws", s.header)
}

// follow reads until the connection ends, and returns why that was, or what was
// wrong with an event.
func (sub *subscriber) follow() error {
	for {
		_, raw, err := sub.conn.ReadMessage()
		if err != nil {
			return err
		}
		var m struct {
			Type string
			Seq  uint64
		}
		if err := json.Unmarshal(raw, &m); err != nil {
			return err
		}
		if last := sub.last.Load(); strings.HasPrefix(m.Type, "task_") && m.Seq != last+1 {
			return fmt.Errorf("event %d after %d", m.Seq, last)
		}
		sub.last.Store(m.Seq)
	}
}

// write creates tasks at a steady rate, on connections that are each in use several
// times a second. A task that is due while its worker waits for an answer counts as
// late.
func (g *goodClients) write(ctx context.Context, t *testing.T, s *system) {
	for range createWorkers {
		client := s.client(t, 1)
		g.writing.Go(func() {
			const pace = createWorkers * time.Second / createRate
			ticker := time.NewTicker(pace)
			defer ticker.Stop()
			for {
				select {
				case due := <-ticker.C:
					g.late.Add(int64(time.Since(due) / pace))
				case <-ctx.Done():
					return
				}
				g.create(t, s, client)
			}
		})
	}
}

func (g *goodClients) create(t *testing.T, s *system, client *http.Client) {
	code, seq, err := s.post(context.WithoutCancel(t.Context()), client, []byte(`{"title":"good"}`))
	switch {
	case err != nil:
		g.fault("POST /tasks: %v", err)
	case code == http.StatusServiceUnavailable:
		g.refused.Add(1)
	case code != http.StatusCreated:
		g.fault("POST /tasks: %d", code)
	default:
		g.created.Add(1)
		for {
			newest := g.newest.Load()
			if newest >= seq || g.newest.CompareAndSwap(newest, seq) {
				break
			}
		}
	}
}

func (g *goodClients) fault(format string, args ...any) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.faults = append(g.faults, fmt.Sprintf(format, args...))
}

// warmUp waits until the tasks of one second have been created.
func (g *goodClients) warmUp(t *testing.T) {
	t.Helper()
	waittest.For(t, "the first tasks", func() bool { return g.created.Load() >= createRate })
}

// end checks the events of the good clients, and returns the number of tasks.
func (g *goodClients) end(t *testing.T) string {
	t.Helper()
	g.stop()
	g.writing.Wait()
	for i, fault := range g.faults {
		if t.Errorf("a good client: %s", fault); i == 4 {
			t.Errorf("and %d more", len(g.faults)-5)
			break
		}
	}
	newest := g.newest.Load()
	for i, sub := range g.subscribers {
		waittest.For(t, "the newest event at every good client", func() bool { return sub.ended() || sub.last.Load() >= newest })
		if sub.ended() {
			t.Errorf("good client %d was disconnected: %v", i, sub.err)
		}
	}
	return fmt.Sprintf("%d made, %d told 503, %d late", g.created.Load(), g.refused.Load(), g.late.Load())
}

func (sub *subscriber) ended() bool {
	select {
	case <-sub.done:
		return true
	default:
		return false
	}
}

// do sends a request and reads its answer.
func do(client *http.Client, req *http.Request) (code int, header http.Header, err error) {
	res, err := client.Do(req)
	if err != nil {
		return 0, nil, err
	}
	defer func() { _ = res.Body.Close() }()
	_, err = io.Copy(io.Discard, res.Body)
	return res.StatusCode, res.Header, err
}
