package e2e

import (
	"bufio"
	"errors"
	"flag"
	"io"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"syscall"
	"testing"
	"time"

	"taskctl/cmd/taskctl/e2etest"

	"taskctl/pkg/wait/waittest"
)

var apiKills = flag.Int("api-kills", 3, "how often the api is killed under load")

func TestNoConnectionIsRefusedWhileTheAPIDies(t *testing.T) {
	dir := e2etest.Dir(t)
	writeConfig(t, dir, "restart: {max: 0}\n")
	startedIn(t, dir, "--no-test-task")
	s := statusOf(t, dir)
	l := underLoad(t, s.API)
	probe := clientWith(&http.Transport{DisableKeepAlives: true})
	var deaths []death
	var back []time.Duration
	for range *apiKills {
		l.reach(t, loadRate*5/4) // ready for more than a second, so the next death has no backoff
		pid := statusOf(t, dir).pid("api")
		began := time.Now()
		kill(t, pid)
		e2etest.AwaitGone(t, pid) // until the kernel has closed its connections
		deaths = append(deaths, death{killed: began, gone: time.Now()})
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.API+"/readyz", nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := answer(probe, req); err != nil {
			t.Errorf("a request right after the death: %v", err)
		}
		back = append(back, time.Since(began))
	}
	answered, failures := l.end(t)
	if bad := lost(failures, deaths); len(bad) > 0 {
		t.Errorf("%d of %d requests were lost although they were not in flight at a death", len(bad), answered+len(failures))
		report(t, bad)
	}
	slices.Sort(back)
	t.Logf("%d answered, %d in flight at one of %d deaths; serving again after %v (median), %v (longest)",
		answered, len(failures), len(deaths), back[len(back)/2].Round(time.Millisecond), back[len(back)-1].Round(time.Millisecond))
}

func TestRestartsUnderLoadLoseNothing(t *testing.T) {
	t.Run("processes", func(t *testing.T) { restartsLoseNothing(t) })
	t.Run("in-process", func(t *testing.T) { restartsLoseNothing(t, "--in-process") })
}

func restartsLoseNothing(t *testing.T, mode ...string) {
	dir, _ := started(t, append(mode, "--no-test-task")...)
	s := statusOf(t, dir)
	for _, tt := range []struct {
		components []string
		closes     int // of a WebSocket connection
	}{
		{[]string{"api"}, 0},
		{[]string{"wsserver"}, 1},
		{[]string{"consumer"}, 0},
		{nil, 1}, // all of them
	} {
		t.Run("restart "+nameOf(tt.components), func(t *testing.T) {
			w := watching(t, s.WebSocket)
			l := underLoad(t, s.API)
			l.reach(t, 50)
			before := statusOf(t, dir)
			out, errs, code := run(t, dir, append([]string{"restart"}, tt.components...)...)
			if code != 0 {
				t.Errorf("restart exits %d: %s%s", code, out, errs)
			}
			for i, c := range statusOf(t, dir).Components {
				replaced := before.Components[i].Generation != c.Generation
				if wanted := tt.components == nil || slices.Contains(tt.components, c.Name); replaced != wanted {
					t.Errorf("%s replaced: %v, want %v", c.Name, replaced, wanted)
				}
			}
			l.reach(t, 50)
			answered, failures := l.end(t)
			if len(failures) > 0 {
				t.Errorf("%d of %d requests failed", len(failures), answered+len(failures))
				report(t, failures)
			}
			closes := w.caughtUp(t, create(t, s.API, "the last"))
			if len(closes) != tt.closes {
				t.Errorf("the watcher's connection ended %d times, want %d: %v", len(closes), tt.closes, closes)
			}
			for _, c := range closes {
				if c.Code != 1012 || !regexp.MustCompile(`^retry=\d+$`).MatchString(c.Text) {
					t.Errorf("closed with %d %q, want 1012 and when to come back", c.Code, c.Text)
				}
			}
		})
	}
}

func kill(t *testing.T, pid int) {
	t.Helper()
	if pid <= 0 { // these mean groups of processes, our own among them
		t.Fatalf("there is no process %d to kill", pid)
	}
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
}

func nameOf(components []string) string {
	if components == nil {
		return "of everything"
	}
	return components[0]
}

// TestIdleConnectionOutlivesARestart checks that a request on a connection that was
// idle during a restart is answered with Connection: close.
func TestIdleConnectionOutlivesARestart(t *testing.T) {
	dir, p := started(t, "--no-test-task")
	s := statusOf(t, dir)
	address, err := url.Parse(s.API)
	if err != nil {
		t.Fatal(err)
	}
	open := func() (ask func() *http.Response) {
		conn, err := net.Dial("tcp", address.Host)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = conn.Close() })
		from := bufio.NewReader(conn)
		return func() *http.Response {
			req, err := http.NewRequest(http.MethodGet, s.API+"/tasks", nil)
			if err != nil {
				t.Fatal(err)
			}
			if err := req.Write(conn); err != nil {
				t.Fatal(err)
			}
			res, err := http.ReadResponse(from, req)
			if err != nil {
				t.Fatalf("the request was lost: %v", err)
			}
			_, _ = io.Copy(io.Discard, res.Body)
			return res
		}
	}
	used, fresh, idle := open(), open(), open()
	used()
	idle()
	if _, errs, code := run(t, dir, "restart", "api"); code != 0 {
		t.Fatalf("restart exits %d: %s", code, errs)
	}
	<-time.After(1500 * time.Millisecond) // the length of the idleness is the test's subject
	for _, ask := range []func() *http.Response{used, fresh} {
		if res := ask(); res.StatusCode != http.StatusOK || !res.Close {
			t.Errorf("%s, close %v; want 200 and to be told that it was the last", res.Status, res.Close)
		}
	}
	p.ctrlC(t)
	if code := p.exit(t); code != 0 {
		t.Errorf("exit code %d, want 0 although a connection is idle", code)
	}
}

func TestSocketOfAFailedComponent(t *testing.T) {
	dir := e2etest.Dir(t)
	writeConfig(t, dir, "restart: {max: 2}\n")
	p := startedIn(t, dir, "--no-test-task")
	s := statusOf(t, dir)
	for range 2 {
		var pid int
		waittest.For(t, "an api to kill", func() bool { pid = statusOf(t, dir).pid("api"); return pid != 0 })
		kill(t, pid)
		e2etest.AwaitGone(t, pid)
		waittest.For(t, "the launcher to see it", func() bool { return statusOf(t, dir).pid("api") != pid })
	}
	p.out.await(t, "api has FAILED")
	if _, err := http.Get(s.API + "/healthz"); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("a failed api's port: %v, want connection refused", err)
	}
	if failed := statusOf(t, dir); failed.State != "failed" {
		t.Errorf("state %s, want failed", failed.State)
	}
	if _, errs, code := run(t, dir, "restart", "api"); code != 0 {
		t.Errorf("restart exits %d: %s", code, errs)
	}
	if back := statusOf(t, dir); back.State != "ready" || back.API != s.API {
		t.Errorf("after the restart: %s at %s, want ready at %s", back.State, back.API, s.API)
	}
	create(t, s.API, "served again")
}
