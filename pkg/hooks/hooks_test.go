package hooks_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"taskctl/pkg/checkpoint"
	"taskctl/pkg/client"
	"taskctl/pkg/client/clienttest"
	"taskctl/pkg/hooks"
	"taskctl/pkg/task"
	"taskctl/pkg/wait/waittest"
)

const secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

func TestMain(m *testing.M) {
	if text := os.Getenv(childVariable); text != "" {
		runChild(text)
		return
	}
	goleak.VerifyTestMain(m)
}

// receiver records the events that a hook delivers.
type receiver struct {
	*httptest.Server

	mu   sync.Mutex
	seqs []uint64
	ids  map[uint64]map[string]bool // of each event, over all attempts
}

// receive starts a receiver. answer writes the answer to the nth attempt for an event,
// and reports whether it is delivered; nil: all are.
func receive(t *testing.T, answer func(w http.ResponseWriter, r *http.Request, seq uint64, n int) bool) *receiver {
	t.Helper()
	r := &receiver{ids: map[uint64]map[string]bool{}}
	attempts := map[uint64]int{}
	r.Server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		var body struct{ Seq uint64 }
		if err := json.NewDecoder(req.Body).Decode(&body); err != nil {
			return // its sender was killed
		}
		r.mu.Lock()
		attempts[body.Seq]++
		n := attempts[body.Seq]
		if r.ids[body.Seq] == nil {
			r.ids[body.Seq] = map[string]bool{}
		}
		r.ids[body.Seq][req.Header.Get("webhook-id")] = true
		r.mu.Unlock()
		if answer == nil || answer(w, req, body.Seq, n) {
			r.mu.Lock()
			r.seqs = append(r.seqs, body.Seq)
			r.mu.Unlock()
		}
	}))
	r.Config.ErrorLog = log.New(io.Discard, "", 0)
	r.Start()
	t.Cleanup(func() { r.CloseClientConnections(); r.Close() })
	return r
}

func (r *receiver) got() []uint64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.seqs)
}

// has reports whether an event was delivered.
func (r *receiver) has(seq uint64) bool { return slices.Contains(r.got(), seq) }

func (r *receiver) hook(name string) hooks.Hook {
	return hooks.Hook{Name: name, URL: r.URL, Secret: secret, MaxAttempts: 3, AllowPrivate: []string{"127.0.0.1"}}
}

func deps(t *testing.T, s *clienttest.Server, dir string) hooks.Deps {
	t.Helper()
	c, err := client.New(client.Config{BaseURL: s.URL(), WebSocketURL: s.WebSocketURL()})
	if err != nil {
		t.Fatal(err)
	}
	return hooks.Deps{
		Client: c, Dir: dir, Version: "test", Logger: slog.New(slog.DiscardHandler), Stdout: io.Discard, Stderr: io.Discard,
		Environ: os.Environ(),
	}
}

// run runs hooks until the returned function is called.
func run(t *testing.T, d hooks.Deps, all ...hooks.Hook) (stop func()) {
	t.Helper()
	h, err := hooks.New(all, d)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	done := make(chan error, 1)
	go func() { done <- h.Run(ctx) }()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Run: %v", err)
		}
	})
	t.Cleanup(stop)
	return stop
}

// fromTheBeginning gives hooks a checkpoint before the first event.
func fromTheBeginning(t *testing.T, dir string, s *clienttest.Server, names ...string) {
	t.Helper()
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		f, err := checkpoint.Open(t.Context(), filepath.Join(dir, name+".checkpoint"), os.O_CREATE)
		if err != nil {
			t.Fatal(err)
		}
		if err := f.Save(checkpoint.State{Position: task.Position{Epoch: s.Head().Epoch}}); err != nil {
			t.Fatal(err)
		}
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func sequence(from, to uint64) (all []uint64) {
	for seq := from; seq <= to; seq++ {
		all = append(all, seq)
	}
	return all
}

func statusOf(t *testing.T, dir, name string, head task.Position) hooks.Status {
	t.Helper()
	all, err := hooks.ReadStatus(dir, head)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range all {
		if s.Name == name {
			return s
		}
	}
	return hooks.Status{}
}

func TestEventsAreDeliveredInOrderAcrossRestarts(t *testing.T) {
	s, dir := clienttest.New(t), t.TempDir()
	d := deps(t, s, dir)
	r := receive(t, func(w http.ResponseWriter, _ *http.Request, seq uint64, n int) bool {
		if seq%5 == 0 && n == 1 { // and delivered with the second attempt
			w.WriteHeader(http.StatusBadGateway)
			return false
		}
		return true
	})
	fromTheBeginning(t, dir, s, "a")
	for round := range uint64(3) {
		stop := run(t, d, r.hook("a"))
		s.Add(10)
		last := 10 * (round + 1)
		waittest.For(t, fmt.Sprint("event ", last), func() bool { return statusOf(t, dir, "a", s.Head()).Position == s.Head().String() })
		stop()
	}
	if got := r.got(); !slices.Equal(got, sequence(1, 30)) {
		t.Errorf("delivered %v", got)
	}
	for seq, ids := range r.ids {
		if len(ids) != 1 {
			t.Errorf("event %d had the ids %v", seq, ids)
		}
	}
	if got := statusOf(t, dir, "a", s.Head()); got.Lag != 0 || got.State != hooks.StateStopped {
		t.Errorf("status %+v", got)
	}
}

// A receiver that hangs and one that fails delay no other; what fails permanently is a
// dead letter, and a replay delivers it.
func TestSlowAndFailingReceiversDelayNobody(t *testing.T) {
	s, dir := clienttest.New(t), t.TempDir()
	hang := make(chan struct{})
	defer close(hang)
	slow := receive(t, func(http.ResponseWriter, *http.Request, uint64, int) bool { <-hang; return true })
	var down sync.Map
	down.Store("down", true)
	failing := receive(t, func(w http.ResponseWriter, _ *http.Request, seq uint64, _ int) bool {
		if _, is := down.Load("down"); is && seq < 3 {
			w.WriteHeader(http.StatusGone)
			return false
		}
		return true
	})
	good := receive(t, nil)
	fromTheBeginning(t, dir, s, "slow", "failing", "good")
	d := deps(t, s, dir)
	stop := run(t, d, slow.hook("slow"), failing.hook("failing"), good.hook("good"))
	s.Add(5)
	waittest.For(t, "all events at the good receiver", func() bool { return good.has(5) && failing.has(5) })
	if got := good.got(); !slices.Equal(got, sequence(1, 5)) {
		t.Errorf("good: %v", got)
	}
	if got := failing.got(); !slices.Equal(got, sequence(3, 5)) {
		t.Errorf("failing: %v", got)
	}
	waittest.For(t, "two dead letters", func() bool { return statusOf(t, dir, "failing", s.Head()).DeadLetters == 2 })

	result, err := hooks.Replay(t.Context(), failing.hook("failing"), d)
	if err != nil || result.Delivered != 0 || result.Remaining != 2 || result.Err == nil {
		t.Errorf("replay while it fails: %+v, %v", result, err)
	}
	down.Delete("down")
	result, err = hooks.Replay(t.Context(), failing.hook("failing"), d)
	if err != nil || result.Delivered != 2 || result.Remaining != 0 || result.Err != nil {
		t.Errorf("replay: %+v, %v", result, err)
	}
	if got := failing.got(); !slices.Equal(got, []uint64{3, 4, 5, 1, 2}) {
		t.Errorf("failing, after the replay: %v", got)
	}
	if got := statusOf(t, dir, "failing", s.Head()).DeadLetters; got != 0 {
		t.Errorf("%d dead letters are left", got)
	}
	stop()
}

func TestAnswersThatAreRefusedOrCut(t *testing.T) {
	elsewhere := receive(t, nil)
	for name, test := range map[string]struct {
		answer    func(w http.ResponseWriter, r *http.Request) bool
		delivered bool
		err       string
	}{
		"a redirect": {func(w http.ResponseWriter, r *http.Request) bool {
			http.Redirect(w, r, elsewhere.URL, http.StatusTemporaryRedirect)
			return false
		}, false, "redirects are not followed"},
		"an endless answer": {func(w http.ResponseWriter, r *http.Request) bool {
			for r.Context().Err() == nil {
				if _, err := w.Write(make([]byte, 64<<10)); err != nil {
					break
				}
			}
			return true
		}, true, ""},
		"an answer that never ends": {func(w http.ResponseWriter, r *http.Request) bool {
			w.WriteHeader(http.StatusAccepted)
			w.(http.Flusher).Flush()
			<-r.Context().Done()
			return true
		}, true, ""},
		"endless headers": {func(w http.ResponseWriter, _ *http.Request) bool {
			w.Header().Set("X", strings.Repeat("x", 1<<20))
			return false
		}, false, "connect to"},
		"a closed connection": {func(http.ResponseWriter, *http.Request) bool { panic(http.ErrAbortHandler) }, false, "connect to"},
	} {
		t.Run(name, func(t *testing.T) {
			s, dir := clienttest.New(t), t.TempDir()
			r := receive(t, func(w http.ResponseWriter, r *http.Request, seq uint64, _ int) bool {
				return seq != 1 || test.answer(w, r)
			})
			h := r.hook("a")
			h.MaxAttempts = 1
			fromTheBeginning(t, dir, s, "a")
			run(t, deps(t, s, dir), h)
			s.Add(2)
			began := time.Now()
			waittest.For(t, "the second event", func() bool { return r.has(2) })
			if took := time.Since(began); took > 10*time.Second {
				t.Errorf("it took %v", took)
			}
			letters, _ := os.ReadFile(filepath.Join(dir, "a.dead.jsonl"))
			if dead := len(letters) > 0; dead == test.delivered || !strings.Contains(string(letters), test.err) {
				t.Errorf("dead letters: %s", letters)
			}
		})
	}
	if got := elsewhere.got(); len(got) > 0 {
		t.Errorf("a redirect was followed: %v", got)
	}
}

func TestReceiversThatCannotBeReached(t *testing.T) {
	private := receive(t, nil)
	secure := httptest.NewUnstartedServer(nil)
	secure.Config.ErrorLog = log.New(io.Discard, "", 0)
	secure.StartTLS()
	defer secure.Close()
	for name, test := range map[string]struct {
		url   string
		allow []string
		err   string
	}{
		"a private address":         {private.URL, nil, "name the host in allow_private"},
		"a name of one":             {strings.Replace(private.URL, "127.0.0.1", "localhost", 1), nil, "localhost is the private address"},
		"another name is allowed":   {private.URL, []string{"localhost"}, "name the host in allow_private"},
		"an unknown certificate":    {secure.URL, []string{"127.0.0.1"}, "an authority that this machine does not trust"},
		"https where there is none": {strings.Replace(private.URL, "http:", "https:", 1), []string{"127.0.0.1"}, "does not use TLS"},
	} {
		t.Run(name, func(t *testing.T) {
			s, dir := clienttest.New(t), t.TempDir()
			fromTheBeginning(t, dir, s, "a")
			run(t, deps(t, s, dir), hooks.Hook{Name: "a", URL: test.url + "/token-in-path", Secret: secret, MaxAttempts: 1, AllowPrivate: test.allow})
			s.Add(1)
			path := filepath.Join(dir, "a.dead.jsonl")
			waittest.For(t, "a dead letter", func() bool { data, _ := os.ReadFile(path); return len(data) > 0 })
			data, _ := os.ReadFile(path)
			if !strings.Contains(string(data), test.err) || strings.Contains(string(data), "token-in-path") {
				t.Errorf("%s; want %q and no path", data, test.err)
			}
		})
	}
	if got := private.got(); len(got) > 0 {
		t.Errorf("delivered to a private address: %v", got)
	}
}

// A line that a crash cut short is removed, and the event of the last line is not
// repeated.
func TestDeadLettersAfterACrash(t *testing.T) {
	s, dir := clienttest.New(t), t.TempDir()
	r := receive(t, func(w http.ResponseWriter, _ *http.Request, _ uint64, _ int) bool {
		w.WriteHeader(http.StatusGone)
		return false
	})
	path := filepath.Join(dir, "a.dead.jsonl")
	fromTheBeginning(t, dir, s, "a")
	d := deps(t, s, dir)
	stop := run(t, d, r.hook("a"))
	s.Add(2)
	waittest.For(t, "the end of the log", func() bool { return statusOf(t, dir, "a", s.Head()).Position == s.Head().String() })
	stop()
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, append(slices.Clone(whole), `{"id":"torn`...), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := checkpoint.Rewind(t.Context(), filepath.Join(dir, "a.checkpoint"), 1); err != nil {
		t.Fatal(err)
	}
	stop = run(t, d, r.hook("a"))
	s.Add(1)
	waittest.For(t, "the end of the log", func() bool { return statusOf(t, dir, "a", s.Head()).Position == s.Head().String() })
	stop()
	got, err := os.ReadFile(path)
	lines := strings.Split(strings.TrimSpace(string(got)), "\n")
	if err != nil || !strings.HasPrefix(string(got), string(whole)) || len(lines) != 3 {
		t.Errorf("%v, %d lines:\n%s", err, len(lines), got)
	}
}

func TestCommand(t *testing.T) {
	s, dir := clienttest.New(t), t.TempDir()
	out := filepath.Join(dir, "out")
	fromTheBeginning(t, dir, s, "a")
	run(t, deps(t, s, dir), hooks.Hook{Name: "a", Command: []string{"sh", "-c", "cat >> '" + out + "'; echo $TASKCTL_HOOK $WEBHOOK_ID >> '" + out + "'"}, MaxAttempts: 1})
	s.Add(2)
	waittest.For(t, "the second event", func() bool { data, _ := os.ReadFile(out); return strings.Contains(string(data), "_2\n") })
	data, _ := os.ReadFile(out)
	lines := strings.Split(string(data), "\n")
	if !strings.Contains(lines[0], `"seq":1,`) || lines[1] != "a evt_"+s.Head().Epoch+"_1" || !strings.Contains(lines[2], `"seq":2,`) {
		t.Errorf("the command got\n%s", data)
	}
}
