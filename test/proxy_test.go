package test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/chromedp/chromedp/kb"
)

// prefix is the path under which the proxies of these tests serve the API.
const prefix = "/apps/tasks"

// proxied is a reverse proxy before the API: it strips prefix, answers every
// request with the API's answer, and lets change modify that.
type proxied struct {
	handler  http.Handler
	requests atomic.Int64 // other than GET
}

func (s *system) proxied(change func(*http.Response)) *proxied {
	target, err := url.Parse(s.API)
	if err != nil {
		s.t.Fatal(err)
	}
	p := &proxied{}
	proxy := &httputil.ReverseProxy{
		FlushInterval: -1, // server-sent events
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(target)
			r.Out.Host = target.Host
			if r.In.Header.Get("Origin") != "" {
				r.Out.Header.Set("Origin", s.API) // as a proxy on the same host name has it
			}
		},
		ModifyResponse: func(res *http.Response) error {
			if res.Request.Method != http.MethodGet {
				p.requests.Add(1)
			}
			change(res)
			return nil
		},
	}
	p.handler = http.StripPrefix(prefix, proxy)
	return p
}

// localhost is a test server's address by name: pages are visited as localhost.
func localhost(server *httptest.Server) string {
	return strings.Replace(server.URL, "127.0.0.1", "localhost", 1) + prefix + "/"
}

// weaken does what nginx does to the ETag of an answer that it compresses.
func weaken(res *http.Response) {
	if tag := res.Header.Get("ETag"); tag != "" && !strings.HasPrefix(tag, "W/") {
		res.Header.Set("ETag", "W/"+tag)
	}
}

// suffix does what Apache's mod_deflate does to it.
func suffix(res *http.Response) {
	if tag := res.Header.Get("ETag"); tag != "" {
		res.Header.Set("ETag", strings.TrimSuffix(tag, `"`)+`-gzip"`)
	}
}

// TestCompressingProxy edits and deletes behind proxies that change ETags, under a
// path prefix.
func TestCompressingProxy(t *testing.T) {
	for name, change := range map[string]func(*http.Response){"weak": weaken, "suffix": suffix} {
		t.Run(name, func(t *testing.T) {
			s := start(t)
			s.add("Original")
			s.add("Unwanted")
			proxy := s.proxied(change)
			server := httptest.NewServer(proxy.handler)
			t.Cleanup(server.Close)
			w := visit(t, localhost(server), look{}).live()

			w.clickInRow("Original", `[data-focus="edit"]`)
			w.fill(".editor input", "Changed")
			w.press(kb.Enter)
			w.until(row("Changed") + `?.matches(':not(.pending)')`)
			w.clickInRow("Unwanted", ".tool.danger")
			w.clickInRow("Changed", ".tool.danger") // sends the first deletion
			w.until(`document.querySelectorAll('.event.deleted').length === 1`)
			w.click(".undo .button")
			w.until(row("Changed"))
			if got := s.tasks(); len(got) != 1 || got[0].Title != "Changed" {
				t.Errorf("the server has %+v", got)
			}
			if n := proxy.requests.Load(); n != 2 {
				t.Errorf("%d writes, want 2", n)
			}
			w.forgive("WebSocket connection") // the proxy's origin is not allowed there
			w.do(navigate(strings.TrimSuffix(localhost(server), "/") + "/docs"))
			w.until(`document.querySelector('#list-tasks')`)
		})
	}
}

// TestHopelessProxy checks that the board gives up soon where a proxy makes every
// condition fail, and then shows what the server has.
func TestHopelessProxy(t *testing.T) {
	s := start(t)
	s.add("Original")
	proxy := s.proxied(func(res *http.Response) {
		if res.Request.Method == http.MethodPatch || res.Request.Method == http.MethodDelete {
			res.StatusCode, res.Status = http.StatusPreconditionFailed, ""
		}
	})
	refuse := proxy.handler
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("If-Match") != "" {
			r.Header.Set("If-Match", `"0"`)
		}
		refuse.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	w := visit(t, localhost(server), look{}).live()
	w.clickInRow("Original", `[data-focus="edit"]`)
	w.fill(".editor input", "Never saved")
	w.press(kb.Enter)
	w.until(`document.querySelector('.conflict .versions')?.textContent.includes('Original')`)
	if n := proxy.requests.Load(); n > 4 {
		t.Errorf("%d writes, at most 4", n)
	}
	w.click(`.conflict .button:nth-of-type(2)`)
	w.until(row("Original"))
	w.forgive("412")
	w.forgive("WebSocket connection")
}

// TestWithoutWebSocket checks that the board follows the events over HTTP where the
// notification server cannot be reached, says why, and resumes after a restart.
func TestWithoutWebSocket(t *testing.T) {
	closed := httptest.NewServer(nil)
	closed.Close() // nothing listens there any more
	unreachable := strings.Replace(closed.URL, "http://127.0.0.1", "ws://localhost", 1)
	s := start(t, "TASKCTL_WEBSOCKET_URL="+unreachable)
	w := visit(t, s.API+"/", look{}).live()
	w.until(`document.querySelector('main .notice')?.textContent.includes('websocket_url')`)
	s.add("Over HTTP")
	w.until(row("Over HTTP"))
	s.kill("api")
	s.eventuallyAdd("After the restart")
	w.until(row("After the restart"))
	w.live()
	if got := w.titles(); len(got) != 2 {
		t.Errorf("shown: %q", got)
	}
	w.picture("over-http")
	w.forgive("WebSocket connection")
	w.forgive("net::ERR")
}

// TestTLSProxy checks that a page which came over TLS does not try the unencrypted
// WebSocket, and says which setting is missing.
func TestTLSProxy(t *testing.T) {
	s := start(t)
	server := httptest.NewTLSServer(s.proxied(func(*http.Response) {}).handler)
	t.Cleanup(server.Close)
	w := visit(t, localhost(server), look{}).live()
	w.until(`document.querySelector('main .notice')?.textContent.includes('wss://')`)
	s.add("Over TLS")
	w.until(row("Over TLS"))
}

// eventuallyAdd adds a task as soon as the API answers.
func (s *system) eventuallyAdd(title string) {
	s.t.Helper()
	eventually(s.t, fmt.Sprintf("the task %q is added", title), func() bool {
		return s.try(http.MethodPost, "/tasks", task{Title: title}, nil) == nil
	})
}
