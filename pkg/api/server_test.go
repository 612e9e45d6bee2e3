package api

import (
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/VictoriaMetrics/metrics"
	"github.com/go-json-experiment/json"

	"taskctl/pkg/access"
	"taskctl/pkg/eventlog"
	"taskctl/pkg/store/sqlite"
	"taskctl/pkg/task"
)

// service is an api that runs on a real socket over a real store.
type service struct {
	t      testing.TB
	base   string // http://127.0.0.1:port
	server *Server
	stop   context.CancelFunc
	done   chan struct{} // closed when Run has returned
	client *http.Client
}

// start runs an api; adjust may change its configuration and dependencies.
func start(t testing.TB, adjust ...func(*Config, *Deps)) *service {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	relay := eventlog.NewRelay(nil)
	cfg := Config{Access: access.Policy{Loopback: true}, Version: "test", Grace: time.Millisecond}
	set := metrics.NewSet()
	store := openStore(t, sqlite.Options{Publisher: relay, OnCommit: CommitMeter(set)})
	deps := Deps{
		Listeners:  []net.Listener{listener},
		Store:      store,
		Subscriber: relay,
		Queued:     store.Queued,
		Metrics:    set,
		Logger:     slog.New(slog.DiscardHandler),
	}
	for _, f := range adjust {
		f(&cfg, &deps)
	}
	server, err := New(cfg, deps)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	s := &service{t: t, base: "http://" + listener.Addr().String(), server: server, stop: cancel, done: make(chan struct{}), client: newClient(t)}
	go func() {
		defer close(s.done)
		if err := server.Run(ctx); err != nil {
			t.Errorf("Run: %v", err)
		}
	}()
	t.Cleanup(func() {
		cancel()
		<-s.done
	})
	<-server.Ready()
	return s
}

// newClient keeps its connections to itself and follows no redirect.
func newClient(t testing.TB) *http.Client {
	transport := &http.Transport{MaxIdleConnsPerHost: 64}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{
		Transport:     transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

func openStore(t testing.TB, options sqlite.Options) *sqlite.Store {
	t.Helper()
	options.Path = filepath.Join(t.TempDir(), "taskctl.db")
	store, err := sqlite.Open(t.Context(), options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Errorf("close store: %v", err)
		}
	})
	return store
}

// in is the same service, seen by a part of the test.
func (s *service) in(t testing.TB) *service {
	part := *s
	part.t = t
	return &part
}

// answer is the response to a request.
type answer struct {
	status int
	header http.Header
	body   []byte
}

// do sends a request; headers are pairs of name and value. A header "Host" sets
// the host.
func (s *service) do(method, path, body string, headers ...string) answer {
	s.t.Helper()
	var reader io.Reader
	if body != "" {
		reader = strings.NewReader(body)
	}
	r, err := http.NewRequest(method, s.base+path, reader)
	if err != nil {
		s.t.Fatal(err)
	}
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i < len(headers); i += 2 {
		switch name, value := headers[i], headers[i+1]; {
		case name == "Host":
			r.Host = value
		case value == "":
			r.Header.Del(name)
		case name == "Content-Type":
			r.Header.Set(name, value)
		default:
			r.Header.Add(name, value)
		}
	}
	return s.send(r)
}

func (s *service) send(r *http.Request) answer {
	s.t.Helper()
	resp, err := s.client.Do(r)
	if err != nil {
		s.t.Fatal(err)
	}
	defer resp.Body.Close()
	content, err := io.ReadAll(resp.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return answer{resp.StatusCode, resp.Header, content}
}

// create makes a task and returns it with its answer.
func (s *service) create(title string, headers ...string) (task.Task, answer) {
	s.t.Helper()
	body, err := json.Marshal(map[string]string{"title": title})
	if err != nil {
		s.t.Fatal(err)
	}
	a := s.do(http.MethodPost, "/tasks", string(body), headers...)
	if a.status != http.StatusCreated {
		s.t.Fatalf("create: %d %s", a.status, a.body)
	}
	return decode[task.Task](s.t, a), a
}

func decode[T any](t testing.TB, a answer) T {
	t.Helper()
	var value T
	if err := json.Unmarshal(a.body, &value, json.RejectUnknownMembers(true)); err != nil {
		t.Fatalf("%d %s: %v", a.status, a.body, err)
	}
	return value
}

// wantProblem checks that an answer is a problem with this status and, unless it
// is empty, with this field at fault.
func wantProblem(t testing.TB, a answer, status int, field string) problemBody {
	t.Helper()
	if a.status != status {
		t.Fatalf("status %d, want %d: %s", a.status, status, a.body)
	}
	if got := a.header.Get("Content-Type"); got != "application/problem+json" {
		t.Errorf("Content-Type %q", got)
	}
	p := decode[problemBody](t, a)
	if p.Status != status || p.Type == "" || p.Title != http.StatusText(status) || p.Detail == "" {
		t.Errorf("incomplete problem: %s", a.body)
	}
	if field != "" && p.Field != field {
		t.Errorf("field %q at fault, want %q: %s", p.Field, field, a.body)
	}
	return p
}
