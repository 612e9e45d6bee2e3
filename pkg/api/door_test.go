package api

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"taskctl/pkg/access"
	"taskctl/pkg/task"

	"taskctl/pkg/wait/waittest"
)

// logbook is a log that may be read while it is written.
type logbook struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *logbook) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *logbook) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

func (l *logbook) logger() *slog.Logger {
	return slog.New(slog.NewJSONHandler(l, &slog.HandlerOptions{Level: slog.LevelDebug}))
}

func TestTokenIsAskedForEverywhereAndKeptToOurselves(t *testing.T) {
	var log logbook
	s := start(t, func(c *Config, d *Deps) {
		c.Access.Tokens = access.NewTokens(access.TokenOptions{Token: "secret-7f3a", Store: access.Store{Dir: t.TempDir()}})
		d.Logger = log.logger()
	})
	for _, path := range []string{"/tasks", "/tasks/" + exampleID, "/events", "/metrics", "/openapi.json", "/asyncapi.json", "/system", "/nothing"} {
		for _, authorization := range []string{"", "Bearer wrong-1b2c", "Basic secret-7f3a"} {
			a := s.do(http.MethodGet, path, "", "Authorization", authorization)
			wantProblem(t, a, http.StatusUnauthorized, "")
			if !strings.HasPrefix(a.header.Get("WWW-Authenticate"), "Bearer") {
				t.Errorf("%s: no challenge", path)
			}
		}
	}
	if a := s.do(http.MethodGet, "/", ""); a.status != http.StatusOK {
		t.Errorf("the page that asks for the token: %d", a.status)
	}
	if a := s.do(http.MethodGet, "/tasks?token=secret-7f3a", "", "Authorization", "Bearer secret-7f3a"); a.status != http.StatusUnprocessableEntity {
		t.Errorf("with the token: %d %s", a.status, a.body)
	}
	s.create("title", "Authorization", "Bearer secret-7f3a")
	if text := log.String(); strings.Contains(text, "secret-7f3a") || strings.Contains(text, "wrong-1b2c") {
		t.Errorf("a token is in the log:\n%s", text)
	}
}

func TestCORS(t *testing.T) {
	s := start(t, func(c *Config, _ *Deps) {
		c.Access.Tokens = access.NewTokens(access.TokenOptions{Token: "secret", Store: access.Store{Dir: t.TempDir()}})
		c.Access.Origins = []string{"https://tasks.example"}
	})
	preflight := s.do(http.MethodOptions, "/tasks/"+exampleID, "", "Origin", "https://tasks.example",
		"Access-Control-Request-Method", "PATCH", "Access-Control-Request-Headers", "if-match")
	if preflight.status != http.StatusNoContent {
		t.Fatalf("preflight: %d %s", preflight.status, preflight.body)
	}
	for name, part := range map[string]string{
		"Access-Control-Allow-Origin": "https://tasks.example", "Access-Control-Allow-Methods": "PATCH",
		"Access-Control-Allow-Headers": "If-Match", "Access-Control-Max-Age": "6", "Vary": "Origin",
	} {
		if !strings.Contains(preflight.header.Get(name), part) {
			t.Errorf("%s: %q", name, preflight.header.Get(name))
		}
	}
	refused := s.do(http.MethodGet, "/tasks", "", "Origin", "https://tasks.example")
	wantProblem(t, refused, http.StatusUnauthorized, "")
	if refused.header.Get("Access-Control-Allow-Origin") == "" {
		t.Error("the page cannot read why it was refused")
	}
	read := s.do(http.MethodGet, "/tasks", "", "Origin", "https://tasks.example", "Authorization", "Bearer secret")
	if read.status != http.StatusOK || !strings.Contains(read.header.Get("Access-Control-Expose-Headers"), "Taskctl-Position") {
		t.Errorf("%d %v", read.status, read.header)
	}
	foreign := s.do(http.MethodOptions, "/tasks", "", "Origin", "https://evil.example", "Access-Control-Request-Method", "POST")
	wantProblem(t, foreign, http.StatusForbidden, "")
	if foreign.header.Get("Access-Control-Allow-Origin") != "" {
		t.Error("a foreign origin is allowed to read")
	}
	own := s.do(http.MethodGet, "/tasks", "", "Origin", s.base, "Authorization", "Bearer secret")
	if own.status != http.StatusOK {
		t.Errorf("own origin: %d", own.status)
	}
}

func TestMethods(t *testing.T) {
	s := start(t)
	made, _ := s.create("title")
	for path, want := range map[string]string{
		"/tasks": "GET, HEAD, POST, OPTIONS", "/tasks/" + made.ID: "DELETE, GET, HEAD, PATCH, PUT, OPTIONS",
		"/events": "GET, HEAD, OPTIONS", "/": "GET, HEAD, OPTIONS",
	} {
		options := s.do(http.MethodOptions, path, "")
		if options.status != http.StatusNoContent || options.header.Get("Allow") != want {
			t.Errorf("OPTIONS %s: %d %q", path, options.status, options.header.Get("Allow"))
		}
		refused := s.do("BREW", path, "")
		wantProblem(t, refused, http.StatusMethodNotAllowed, "")
		if refused.header.Get("Allow") != want {
			t.Errorf("405 of %s allows %q", path, refused.header.Get("Allow"))
		}
	}
	for _, path := range []string{"/tasks", "/tasks/" + made.ID, "/events", "/healthz", "/readyz", "/openapi.json", "/"} {
		get, head := s.do(http.MethodGet, path, ""), s.do(http.MethodHead, path, "")
		if head.status != get.status || len(head.body) > 0 {
			t.Errorf("HEAD %s: %d with %d bytes", path, head.status, len(head.body))
		}
		for name := range get.header {
			if name != "Date" && name != "X-Request-Id" && head.header.Get(name) != get.header.Get(name) {
				t.Errorf("HEAD %s: %s is %q, GET has %q", path, name, head.header.Get(name), get.header.Get(name))
			}
		}
	}
}

func TestRequestIDs(t *testing.T) {
	var log logbook
	s := start(t, func(_ *Config, d *Deps) { d.Logger = log.logger() })
	if got := s.do(http.MethodGet, "/tasks?limit=5&q=private", "", "X-Request-Id", "abc-123").header.Get("X-Request-Id"); got != "abc-123" {
		t.Errorf("a sane id is answered as %q", got)
	}
	seen := map[string]bool{}
	for _, id := range []string{"", strings.Repeat("x", 129), "a b", `a"b`, "ñ"} {
		got := s.do(http.MethodGet, "/tasks", "", "X-Request-Id", id).header.Get("X-Request-Id")
		if got == "" || got == id || seen[got] {
			t.Errorf("id %.20q is answered as %q", id, got)
		}
		seen[got] = true
	}
	waittest.For(t, "six lines of requests in the log", func() bool { return strings.Count(log.String(), `"msg":"request"`) == 6 })
	if text := log.String(); !strings.Contains(text, `"request_id":"abc-123"`) || strings.Contains(text, "private") {
		t.Errorf("log:\n%s", text)
	}
}

// broken is a store that fails in ways it must not.
type broken struct{ task.Store }

func (broken) Get(context.Context, string) (task.Record, task.Position, error) {
	return task.Record{}, task.Position{}, errors.New("no such column: secret_column")
}

func (broken) List(context.Context, task.Query) (task.RecordPage, error) { panic("secret panic") }

func TestOurOwnMistakesStayInTheLog(t *testing.T) {
	var log logbook
	s := start(t, func(_ *Config, d *Deps) {
		d.Store = broken{d.Store}
		d.Logger = log.logger()
	})
	for path, secret := range map[string]string{"/tasks/" + exampleID: "secret_column", "/tasks": "secret panic"} {
		a := s.do(http.MethodGet, path, "")
		wantProblem(t, a, http.StatusInternalServerError, "")
		if bytes.Contains(a.body, []byte("secret")) {
			t.Errorf("the client is told %s", a.body)
		}
		for _, part := range []string{secret, a.header.Get("X-Request-Id"), `"level":"ERROR"`} {
			if !strings.Contains(log.String(), part) {
				t.Errorf("%s is not in the log:\n%s", part, log.String())
			}
		}
	}
}

func TestAnswersAreNotSniffed(t *testing.T) {
	s := start(t)
	for _, path := range []string{"/", "/tasks", "/nothing", "/metrics"} {
		if got := s.do(http.MethodGet, path, "").header.Get("X-Content-Type-Options"); got != "nosniff" {
			t.Errorf("%s: %q", path, got)
		}
	}
}

func TestHealthAndReadiness(t *testing.T) {
	linked := true
	s := start(t, func(_ *Config, d *Deps) { d.Link = func() bool { return linked } })
	if a := s.do(http.MethodGet, "/healthz", ""); a.status != http.StatusOK || string(a.body) != `{"status":"ok","version":"test"}` {
		t.Errorf("%d %s", a.status, a.body)
	}
	for _, want := range []string{"connected", "down"} {
		a := s.do(http.MethodGet, "/readyz", "")
		if got := decode[readinessBody](t, a); a.status != http.StatusOK || got.Status != "ready" || got.Link != want || got.Epoch == "" {
			t.Errorf("%d %s, want link %s", a.status, a.body, want)
		}
		linked = false
	}
}

// silent is a store that does not answer.
type silent struct {
	task.Store
	stopped atomic.Bool
}

func (s *silent) Bounds(ctx context.Context) (uint64, task.Position, error) {
	if s.stopped.Load() {
		return 0, task.Position{}, task.ErrUnavailable
	}
	return s.Store.Bounds(ctx)
}

func TestNotReadyWithoutTheStore(t *testing.T) {
	var store *silent
	s := start(t, func(_ *Config, d *Deps) {
		store = &silent{Store: d.Store}
		d.Store = store
	})
	store.stopped.Store(true)
	a := s.do(http.MethodGet, "/readyz", "")
	wantProblem(t, a, http.StatusServiceUnavailable, "")
	if a.header.Get("Retry-After") == "" {
		t.Error("no Retry-After")
	}
	if a := s.do(http.MethodGet, "/healthz", ""); a.status != http.StatusOK {
		t.Errorf("/healthz: %d", a.status)
	}
	if a := s.do(http.MethodGet, "/metrics", ""); a.status != http.StatusOK {
		t.Errorf("/metrics: %d", a.status)
	}
}

func TestMetrics(t *testing.T) {
	s := start(t, func(_ *Config, d *Deps) {
		d.Link = func() bool { return true }
		// Metrics that other parts of the process have registered.
		d.Metrics.NewGauge("taskctl_link_up", func() float64 { return 1 })
	})
	s.create("title")
	s.do(http.MethodGet, "/tasks/"+exampleID, "")
	s.do(http.MethodGet, "/nothing", "")
	s.subscribe("?since=0").event()
	// Sent events are counted after the write, so the client may be faster.
	var page string
	waittest.For(t, "the sent event in the metrics", func() bool {
		page = string(s.do(http.MethodGet, "/metrics", "").body)
		return strings.Contains(page, "taskctl_event_stream_events_total 1")
	})
	lines := strings.Split(page, "\n")
	for _, want := range []string{
		`taskctl_http_requests_total{route="/tasks",status="201"} 1`,
		`taskctl_http_requests_total{route="/tasks/{id}",status="404"} 1`,
		`taskctl_http_requests_total{route="other",status="404"} 1`,
		`taskctl_http_request_duration_seconds_count{route="/tasks"} 1`,
		`taskctl_http_requests_in_flight 2`, // this one and the stream
		`taskctl_event_streams 1`,
		`taskctl_event_stream_events_total 1`,
		`taskctl_events_last_seq 1`,
		`taskctl_link_up 1`,
		`taskctl_store_queued_writes 0`,
		`taskctl_store_commit_writes_bucket{le="1"} 1`,
		`taskctl_store_commit_duration_seconds_count 1`,
	} {
		if !slices.Contains(lines, want) {
			t.Errorf("there is no line %s in\n%s", want, page)
		}
	}
	if !strings.Contains(page, "process_resident_memory_bytes") {
		t.Error("nothing about the process")
	}
}

func TestIndexAndBoard(t *testing.T) {
	plain := start(t, func(c *Config, _ *Deps) { c.WebSocketURL = "ws://localhost:8765" })
	if a := plain.do(http.MethodGet, "/", ""); a.status != http.StatusOK || !bytes.Contains(a.body, []byte("ws://localhost:8765")) {
		t.Errorf("%d %s", a.status, a.body)
	}
	board := http.NewServeMux()
	board.HandleFunc("/{$}", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "<board>") })
	s := start(t, func(_ *Config, d *Deps) { d.Board = board })
	if a := s.do(http.MethodGet, "/?view=open", ""); a.status != http.StatusOK || string(a.body) != "<board>" {
		t.Errorf("%d %s", a.status, a.body)
	}
	wantProblem(t, s.do(http.MethodGet, "/board/none.js", ""), http.StatusNotFound, "")
	if page := string(s.do(http.MethodGet, "/metrics", "").body); !strings.Contains(page, `{route="/board/{file}",status="404"} 1`) {
		t.Error("what the board answers is not counted")
	}
}
