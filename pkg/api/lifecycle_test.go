package api

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"taskctl/pkg/task"

	"taskctl/pkg/wait/waittest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestNewWantsItsDependencies(t *testing.T) {
	if _, err := New(Config{}, Deps{}); err == nil {
		t.Error("New without anything succeeds")
	}
}

// unopened is a store that cannot be read.
type unopened struct{ task.Store }

var errUnopened = errors.New("disk on fire")

func (unopened) Bounds(context.Context) (uint64, task.Position, error) {
	return 0, task.Position{}, errUnopened
}

func TestRunWithoutAStoreThatAnswers(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server, err := New(Config{}, Deps{Listeners: []net.Listener{listener}, Store: unopened{}, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	if err := server.Run(t.Context()); !errors.Is(err, errUnopened) {
		t.Errorf("Run: %v", err)
	}
	select {
	case <-server.Ready():
		t.Error("it says it is ready")
	default:
	}
	if conn, err := net.Dial("tcp", server.Addr()); err == nil {
		_ = conn.Close()
		t.Error("the socket is still open")
	}
}

// slow is a store whose writes wait.
type slow struct {
	task.Store
	begun, proceed chan struct{}
}

func (s *slow) Write(ctx context.Context, c task.Change) (task.Result, error) {
	close(s.begun)
	<-s.proceed
	return s.Store.Write(ctx, c)
}

func TestStopFinishesWhatIsUnderWay(t *testing.T) {
	store := &slow{begun: make(chan struct{}), proceed: make(chan struct{})}
	s := start(t, func(_ *Config, d *Deps) {
		store.Store = d.Store
		d.Store = store
	})
	got := make(chan answer, 1)
	go func() { got <- s.do(http.MethodPost, "/tasks", `{"title":"t"}`) }()
	<-store.begun
	s.stop()
	waittest.For(t, "the server stops accepting", func() bool {
		conn, err := net.Dial("tcp", s.server.Addr())
		if err == nil {
			_ = conn.Close()
		}
		return err != nil
	})
	close(store.proceed)
	if a := <-got; a.status != http.StatusCreated {
		t.Errorf("%d %s", a.status, a.body)
	}
	<-s.done
}

func TestRetiredServerSaysGoodbye(t *testing.T) {
	retire := make(chan struct{})
	s := start(t, func(c *Config, d *Deps) {
		d.Gate.Retire = retire
		c.Grace = testTimeout
	})
	s.create("before")
	close(retire)
	waittest.For(t, "the retired server stops accepting", func() bool {
		r, err := http.NewRequest(http.MethodGet, s.base+"/tasks", nil)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := s.client.Do(r)
		if err != nil {
			return true // it no longer accepts connections
		}
		_ = resp.Body.Close()
		return resp.Close
	})
	began := time.Now()
	s.stop()
	<-s.done
	if took := time.Since(began); took > testTimeout/2 {
		t.Errorf("a stop during the grace took %v", took)
	}
}

// TestRetiredServerSendsStreamsToTheNext opens one stream before the server retires,
// and another on an idle connection after that: both must end so that their clients
// reconnect on a new connection.
func TestRetiredServerSendsStreamsToTheNext(t *testing.T) {
	retire := make(chan struct{})
	s := start(t, func(c *Config, d *Deps) {
		d.Gate.Retire = retire
		c.Grace = testTimeout
	})
	following := s.subscribe("")
	conn, err := net.Dial("tcp", strings.TrimPrefix(s.base, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	from := bufio.NewReader(conn)
	ask := func(path, accept string) *http.Response {
		fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: localhost\r\nAccept: %s\r\n\r\n", path, accept)
		resp, err := http.ReadResponse(from, nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.Copy(io.Discard, resp.Body); err != nil {
			t.Fatal(err)
		}
		return resp
	}
	ask("/tasks", "*/*")
	close(retire)
	if e, more := following.read(); more || following.lines.Err() != nil {
		t.Errorf("the stream under way: %+v, %v, want its end", e, following.lines.Err())
	}
	if resp := ask("/events", streamType); resp.StatusCode != http.StatusOK || !resp.Close {
		t.Errorf("the new stream: %s, close %v; want it to begin, and to be the connection's last", resp.Status, resp.Close)
	}
	<-s.done // long before the grace is over, because no connection is left
}

func TestGateHoldsConnections(t *testing.T) {
	accept := make(chan struct{})
	s := start(t, func(_ *Config, d *Deps) { d.Gate.Accept = accept }) // Ready all the same
	got := make(chan answer, 1)
	go func() { got <- s.do(http.MethodGet, "/healthz", "") }()
	select {
	case a := <-got:
		t.Fatalf("answered before the gate opened: %d", a.status)
	case <-time.After(20 * time.Millisecond):
	}
	close(accept)
	if a := <-got; a.status != http.StatusOK {
		t.Errorf("%d %s", a.status, a.body)
	}
}

func TestAddr(t *testing.T) {
	s := start(t)
	if !strings.HasSuffix(s.base, s.server.Addr()) {
		t.Errorf("Addr %s, served at %s", s.server.Addr(), s.base)
	}
}
