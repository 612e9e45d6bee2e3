package api

import (
	"context"
	"errors"
	"net/http"
	"net/netip"
	"strings"
	"testing"

	"taskctl/pkg/access"
	"taskctl/pkg/task"
)

// A proxy that compresses makes ETags weak. A weak one never matches If-Match (RFC
// 9110 §13.1.1), and the answer says why.
func TestWeakETagInIfMatch(t *testing.T) {
	s := start(t)
	made, a := s.create("title")
	path, weak := "/tasks/"+made.ID, "W/"+a.header.Get("ETag")
	for _, method := range []string{http.MethodPatch, http.MethodPut, http.MethodDelete, http.MethodGet} {
		body := `{"title":"new"}`
		if method == http.MethodGet || method == http.MethodDelete {
			body = ""
		}
		for _, tags := range []string{weak, `"999", ` + weak} {
			got := s.do(method, path, body, "If-Match", tags)
			p := wantProblem(t, got, http.StatusPreconditionFailed, "If-Match")
			if !strings.Contains(p.Detail, "weak") || !strings.Contains(p.Detail, "proxy") || got.header.Get("Taskctl-Position") == "" {
				t.Errorf("%s with %s: %s at %q", method, tags, got.body, got.header.Get("Taskctl-Position"))
			}
		}
	}
	if got := s.do(http.MethodPatch, path, `{"title":"new"}`, "If-Match", weak+", "+a.header.Get("ETag")); got.status != http.StatusOK {
		t.Errorf("a weak and the strong one: %d %s", got.status, got.body)
	}
}

func TestEvery412HasAPosition(t *testing.T) {
	s := start(t)
	made, _ := s.create("title")
	for _, r := range []struct{ method, path, body string }{
		{http.MethodPost, "/tasks", `{"title":"x"}`},
		{http.MethodPatch, "/tasks/" + made.ID, `{}`},
		{http.MethodDelete, "/tasks/" + made.ID, ""},
		{http.MethodGet, "/tasks/" + made.ID, ""},
		{http.MethodGet, "/tasks", ""},
	} {
		a := s.do(r.method, r.path, r.body, "If-Match", `"999"`)
		wantProblem(t, a, http.StatusPreconditionFailed, "If-Match")
		if _, err := task.ParsePosition(a.header.Get("Taskctl-Position")); err != nil {
			t.Errorf("%s %s: position %q", r.method, r.path, a.header.Get("Taskctl-Position"))
		}
	}
}

func TestPagesHaveETags(t *testing.T) {
	s := start(t)
	s.create("one")
	for _, query := range []string{"", "?completed=false", "?q=one"} {
		first := s.do(http.MethodGet, "/tasks"+query, "")
		tag := first.header.Get("ETag")
		if tag == "" || strings.HasPrefix(tag, "W/") {
			t.Fatalf("%s: ETag %q", query, tag)
		}
		for _, sent := range []string{tag, "W/" + tag, `"x", ` + tag, "*"} {
			if a := s.do(http.MethodGet, "/tasks"+query, "", "If-None-Match", sent); a.status != http.StatusNotModified || len(a.body) > 0 || a.header.Get("ETag") != tag {
				t.Errorf("%s with %s: %d %q", query, sent, a.status, a.header.Get("ETag"))
			}
		}
		s.create("one more")
		if a := s.do(http.MethodGet, "/tasks"+query, "", "If-None-Match", tag); a.status != http.StatusOK || a.header.Get("ETag") == tag {
			t.Errorf("%s after a change: %d %q", query, a.status, a.header.Get("ETag"))
		}
	}
}

func TestUnsupportedBodiesSayWhatIsSupported(t *testing.T) {
	s := start(t)
	made, _ := s.create("title")
	path := "/tasks/" + made.ID
	for _, test := range []struct {
		method, path string
		headers      []string
		name, want   string
	}{
		{http.MethodPatch, path, []string{"Content-Type", "text/plain"}, "Accept-Patch", "application/merge-patch+json, application/json"},
		{http.MethodPatch, path, []string{"Content-Type", "application/json-patch+json"}, "Accept-Patch", "application/merge-patch+json, application/json"},
		{http.MethodPatch, path, []string{"Content-Encoding", "gzip"}, "Accept-Encoding", "identity"},
		{http.MethodPost, "/tasks", []string{"Content-Encoding", "br"}, "Accept-Encoding", "identity"},
		{http.MethodPut, path, []string{"Content-Encoding", "identity, gzip"}, "Accept-Encoding", "identity"},
		{http.MethodPost, "/tasks", []string{"Content-Type", "text/plain"}, "Accept", "application/json"},
	} {
		a := s.do(test.method, test.path, `{"title":"x"}`, test.headers...)
		wantProblem(t, a, http.StatusUnsupportedMediaType, test.headers[0])
		if got := a.header.Get(test.name); got != test.want {
			t.Errorf("%s %v: %s %q, want %q", test.method, test.headers, test.name, got, test.want)
		}
	}
	if got := s.do(http.MethodOptions, path, "").header.Get("Accept-Patch"); got == "" {
		t.Error("OPTIONS does not say which patches are accepted")
	}
	if a := s.do(http.MethodPost, "/tasks", `{"title":"x"}`, "Content-Type", "application/json; charset=UTF8"); a.status != http.StatusCreated {
		t.Errorf("charset=UTF8: %d %s", a.status, a.body)
	}
}

// Every answer has the headers for caches.
func TestCacheHeaders(t *testing.T) {
	s := start(t, func(_ *Config, d *Deps) {
		d.System = func(context.Context) ([]byte, error) { return []byte(`{}`), nil }
	})
	made, _ := s.create("title")
	for path, want := range map[string]string{
		"/tasks": "private, no-cache", "/tasks/" + made.ID: "private, no-cache", "/tasks/none": "no-store",
		"/events": "no-store", "/system": "no-store", "/healthz": "no-store", "/nowhere": "no-store",
	} {
		a := s.do(http.MethodGet, path, "")
		if got := a.header.Get("Cache-Control"); got != want {
			t.Errorf("%s: Cache-Control %q, want %q", path, got, want)
		}
		if !strings.Contains(a.header.Get("Vary"), "Origin") {
			t.Errorf("%s: Vary %q", path, a.header.Get("Vary"))
		}
	}
}

// If a token is required, a health check without it only shows whether the server is
// alive.
func TestHealthWithoutToken(t *testing.T) {
	s := start(t, func(c *Config, _ *Deps) {
		c.Access.Tokens = access.NewTokens(access.TokenOptions{Token: "secret", Store: access.Store{Dir: t.TempDir()}})
	})
	for path, want := range map[string]string{"/healthz": `{"status":"ok"}`, "/readyz": `{"status":"ready"}`} {
		a := s.do(http.MethodGet, path, "")
		if a.status != http.StatusOK || string(a.body) != want || a.header.Get("Taskctl-Position") != "" {
			t.Errorf("%s without the token: %d %s %v", path, a.status, a.body, a.header)
		}
		if a := s.do(http.MethodGet, path, "", "Authorization", "Bearer secret"); len(a.body) <= len(want) {
			t.Errorf("%s with the token: %s", path, a.body)
		}
	}
	for _, path := range []string{"/metrics", "/system", "/tasks", "/events"} {
		wantProblem(t, s.do(http.MethodGet, path, ""), http.StatusUnauthorized, "")
	}
}

// The requests of HAProxy's plain health check and of a hand-written probe.
func TestHTTP10WithoutHost(t *testing.T) {
	s := start(t)
	for _, request := range []string{"GET /healthz HTTP/1.0\r\n\r\n", "OPTIONS / HTTP/1.0\r\n\r\n", "GET /tasks HTTP/1.0\r\n\r\n"} {
		if a := s.raw(request); a.status >= http.StatusBadRequest {
			t.Errorf("%q: %d %s", request, a.status, a.body)
		}
	}
	if a := s.raw("GET /healthz HTTP/1.1\r\n\r\n"); a.status != http.StatusBadRequest {
		t.Errorf("HTTP/1.1 without Host: %d", a.status)
	}
}

// A proxy that does not pass Host on makes the board's own modules look foreign. They
// are public, and the page shows the reason of a 403 for data.
func TestPublicPagesAreNotOriginChecked(t *testing.T) {
	s := start(t, func(_ *Config, d *Deps) {
		d.Board = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusOK) })
	})
	for _, path := range []string{"/", "/docs", "/board/app.js"} {
		for _, headers := range [][]string{{"Origin", "https://tasks.example"}, {"Host", "tasks.example"}, {"Sec-Fetch-Site", "cross-site"}} {
			a := s.do(http.MethodGet, path, "", headers...)
			if a.status != http.StatusOK || a.header.Get("Access-Control-Allow-Origin") != "" {
				t.Errorf("%s with %v: %d %v", path, headers, a.status, a.header)
			}
		}
	}
	for setting, headers := range map[string][]string{
		"api.origins": {"Origin", "https://tasks.example"}, "api.hosts": {"Host", "tasks.example"},
	} {
		if p := wantProblem(t, s.do(http.MethodGet, "/tasks", "", headers...), http.StatusForbidden, ""); !strings.Contains(p.Detail, setting) {
			t.Errorf("%v: %s", headers, p.Detail)
		}
	}
	wantProblem(t, s.do(http.MethodGet, "/tasks", "", "Sec-Fetch-Site", "cross-site"), http.StatusForbidden, "")
}

// Last-Event-ID in the query, as polyfills send it, has priority over since, which
// remains in the URL of the polyfill.
func TestLastEventIDInTheQuery(t *testing.T) {
	s := start(t)
	s.create("one")
	_, a := s.create("two")
	at := a.header.Get("Taskctl-Position")
	stream := s.subscribe("?since=0&lastEventId=" + at)
	if stream.opening.id != at {
		t.Errorf("opens at %q, want %q", stream.opening.id, at)
	}
	list := s.do(http.MethodGet, "/events?since=0&lastEventId="+strings.Replace(at, ":2", ":1", 1), "")
	if n := strings.Count(string(list.body), `"type":`); list.status != http.StatusOK || n != 1 {
		t.Errorf("%d events: %s", n, list.body)
	}
	if got := s.subscribe("?lastEventId=").opening.id; got != at {
		t.Errorf("an empty lastEventId opens at %q, want %q", got, at)
	}
	wantProblem(t, s.do(http.MethodGet, "/events?lastEventId=x", ""), http.StatusUnprocessableEntity, "lastEventId")
}

// An EventSource cannot read a 410: its stream begins with a reset.
func TestStreamOfAPositionThatIsGone(t *testing.T) {
	s := start(t)
	_, a := s.create("one")
	head := a.header.Get("Taskctl-Position")
	for position, reason := range map[string]string{"other:1": "epoch", "99": "ahead"} {
		for _, open := range []func() *sse{
			func() *sse { return s.subscribe("", "Last-Event-ID", position) },
			func() *sse { return s.subscribe("?lastEventId=" + position) },
			func() *sse { return s.subscribe("?since=" + position) },
		} {
			stream := open()
			if o := stream.opening; o.event != "reset" || o.id != head || !strings.Contains(o.data, `"reason":"`+reason+`"`) {
				t.Errorf("%s opens with %+v", position, o)
			}
			made, created := s.create("later")
			if e := stream.next(); e.event != "task_created" || !strings.Contains(e.data, made.ID) {
				t.Errorf("after the reset of %s: %+v", position, e)
			}
			head = created.header.Get("Taskctl-Position")
		}
		wantProblem(t, s.do(http.MethodGet, "/events?since="+position, ""), http.StatusGone, "")
	}
}

func TestOneClientCannotHoldAllStreams(t *testing.T) {
	s := newStreams(4)
	add := func(remote string) bool {
		return s.add(&feed{}, networkOf(netip.MustParseAddr(remote)))
	}
	for i, want := range []bool{true, true, false} {
		if add("192.0.2.1") != want {
			t.Errorf("stream %d of one address: accepted: %t", i, !want)
		}
	}
	if !add("2001:db8::1") || !add("2001:db8::2") || add("2001:db8:1::1") {
		t.Error("others do not get the rest, or more than there is")
	}
	for f := range s.open {
		s.remove(f)
	}
	if len(s.byNetwork) != 0 || !add("2001:db8::1") || !add("2001:db8::2") || add("2001:db8::3") {
		t.Error("a network of 64 bits is not counted as one client")
	}
}

// Titles without a visible character.
func TestInvisibleTitles(t *testing.T) {
	s := start(t)
	for _, title := range []string{"\u200b", " \u200b\u200d ", "\u2060", "\u3164", "\u2800", "\u00ad", "\ufeff"} {
		wantProblem(t, s.do(http.MethodPost, "/tasks", `{"title":"`+title+`"}`), http.StatusUnprocessableEntity, "title")
	}
	for _, title := range []string{"\u200bx", "🎯", "·", "한"} {
		s.create(title)
	}
}

func TestMetricsOfTheComponents(t *testing.T) {
	status := `{"state":"degraded","store":{"kind":"sqlite","state":"ready","lag":0},"broker":{"kind":"direct","state":"degraded","lag":7},
		"components":[{"name":"api","state":"ready","restarts":2,"rss_bytes":1024,"cpu_percent":1.5,"last_exit":"exit status 1"},{"name":"mailer","state":"failed"}]}`
	var failure error
	s := start(t, func(_ *Config, d *Deps) {
		d.System = func(context.Context) ([]byte, error) { return []byte(status), failure }
	})
	page := string(s.do(http.MethodGet, "/metrics", "").body)
	for _, want := range []string{
		"taskctl_launcher_up 1\n", `taskctl_component_state{component="mailer",state="failed"} 1`, `taskctl_component_state{component="mailer",state="ready"} 0`,
		`taskctl_component_restarts_total{component="api"} 2`, `taskctl_component_last_exit_info{component="api",exit="exit status 1"} 1`,
		`taskctl_store_ready{kind="sqlite"} 1`, `taskctl_broker_ready{kind="direct"} 0`, `taskctl_broker_lag_events{kind="direct"} 7`,
		"# TYPE taskctl_component_restarts_total counter\n",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("no %s", want)
		}
	}
	failure = errors.New("no launcher")
	if page := string(s.do(http.MethodGet, "/metrics", "").body); !strings.Contains(page, "taskctl_launcher_up 0\n") || strings.Contains(page, "taskctl_component") {
		t.Error("without a launcher there are metrics of components")
	}
}
