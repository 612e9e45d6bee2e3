//go:build unix

package components_test

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"taskctl/launcher/components"
	"taskctl/pkg/client"
	"taskctl/pkg/config"
	"taskctl/pkg/consumer"
	"taskctl/pkg/hooks"
	"taskctl/pkg/message"
	"taskctl/pkg/store/postgrestest"
	"taskctl/pkg/store/sqlite"
	"taskctl/pkg/supervisor/child"
	"taskctl/pkg/task"
	"taskctl/pkg/wait/waittest"
)

// addresses are settings whose components find each other.
func addresses(t *testing.T) *config.Config {
	t.Helper()
	cfg := config.Default()
	cfg.Dir = t.TempDir()
	cfg.API.Addr, cfg.WSServer.Addr = freeAddr(t), freeAddr(t)
	return cfg
}

func create(t *testing.T, cfg *config.Config, title string) client.Answer {
	t.Helper()
	c, err := client.New(client.Config{BaseURL: cfg.APIURL(), WebSocketURL: cfg.WebSocket()})
	if err != nil {
		t.Fatal(err)
	}
	defer c.CloseIdleConnections()
	answer, err := c.Create(t.Context(), client.Values{Title: title})
	if err != nil {
		t.Fatal(err)
	}
	return answer
}

// get returns the body of an answer of the API, whatever its status.
func get(t *testing.T, cfg *config.Config, path string) string {
	t.Helper()
	transport := &http.Transport{DisableKeepAlives: true}
	res, err := (&http.Client{Transport: transport}).Get(cfg.APIURL() + path)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

// reports collects the lines that a component sends to its launcher.
type reports struct {
	mu    sync.Mutex
	lines []string
}

func (r *reports) send(line string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.lines = append(r.lines, line)
}

func (r *reports) has(line string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, l := range r.lines {
		if l == line {
			return true
		}
	}
	return false
}

// launch runs a component as a launcher does, until the test ends.
func launch(t *testing.T, component func(context.Context, components.Env) error) (*reports, *terminal) {
	t.Helper()
	r, log := &reports{}, &terminal{}
	handle := child.New(child.Parts{Send: r.send, Stdout: log, Stderr: log})
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		ended <- component(ctx, components.Env{
			Handle: handle, Stdout: log, Stderr: log, Lang: message.English, Version: "test", Getenv: func(string) string { return "" },
		})
	}()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("it returned %v\n%s", err, log)
		}
	})
	return r, log
}

// TestUnderALauncher checks what a component tells its launcher: that it is ready and
// healthy, and for the consumer the position of its last event.
func TestUnderALauncher(t *testing.T) {
	cfg := addresses(t)
	server, log := launch(t, func(ctx context.Context, env components.Env) error { return components.RunWSServer(ctx, cfg, env) })
	waittest.For(t, "wsserver ready", func() bool { return server.has(child.LineReady) })
	api, _ := launch(t, func(ctx context.Context, env components.Env) error { return components.RunAPI(ctx, cfg, env) })
	waittest.For(t, "api ready", func() bool { return api.has(child.LineReady) })
	printed, out := launch(t, func(ctx context.Context, env components.Env) error {
		return components.RunConsumer(ctx, cfg, consumer.Config{}, env)
	})
	waittest.For(t, "consumer ready", func() bool { return printed.has(child.LineReady) })

	at := create(t, cfg, "under a launcher").Position
	waittest.For(t, "the position of the event", func() bool { return printed.has(child.NotePrefix + "seen " + at.String()) })
	prints(t, out, "under a launcher")
	waittest.For(t, "alive", func() bool { return printed.has(child.LineAlive) })
	if text := log.String(); strings.Contains(text, message.English.ListeningOn(cfg.WSServer.Addr)) || strings.Contains(text, "time=") {
		t.Errorf("the log has a message for a terminal, or a time of its own:\n%s", text)
	}
	if body := get(t, cfg, "/system"); !strings.Contains(body, "no-launcher") {
		t.Errorf("/system without a control socket: %s", body)
	}
}

// TestHooksByHand delivers an event to a command, and shows it in the metrics of the
// api.
func TestHooksByHand(t *testing.T) {
	cfg := addresses(t)
	file := filepath.Join(cfg.Dir, "delivered")
	cfg.Hooks = []hooks.Hook{{Name: "copy", Command: []string{"tee", file}}}
	server := run(t, func(ctx context.Context, env components.Env) error { return components.RunWSServer(ctx, cfg, env) })
	prints(t, server, message.English.ReadyByHand(config.WSServer))
	api := run(t, func(ctx context.Context, env components.Env) error { return components.RunAPI(ctx, cfg, env) })
	prints(t, api, message.English.ReadyByHand(config.API))
	delivering := run(t, func(ctx context.Context, env components.Env) error { return components.RunHooks(ctx, cfg, env) })
	prints(t, delivering, message.English.ReadyByHand(config.Hooks))
	waittest.For(t, "the hook's connection", func() bool {
		all, err := hooks.ReadStatus(cfg.HooksDir(), task.Position{})
		return err == nil && len(all) == 1 && all[0].State == hooks.StateReady
	})

	create(t, cfg, "for the hook")
	waittest.For(t, "delivery", func() bool {
		body, err := os.ReadFile(file)
		return err == nil && bytes.Contains(body, []byte("for the hook"))
	})
	waittest.For(t, "the hook in /metrics", func() bool {
		return strings.Contains(get(t, cfg, "/metrics"), `taskctl_hook_delivered_total{hook="copy"} 1`)
	})
}

// TestNotifyServer writes to the database without the api, and notifies the server.
func TestNotifyServer(t *testing.T) {
	cfg := addresses(t)
	server := run(t, func(ctx context.Context, env components.Env) error { return components.RunWSServer(ctx, cfg, env) })
	prints(t, server, message.English.ReadyByHand(config.WSServer))
	out := run(t, func(ctx context.Context, env components.Env) error {
		return components.RunConsumer(ctx, cfg, consumer.Config{}, env)
	})
	prints(t, out, message.English.ReadyByHand(config.Consumer))
	store, err := sqlite.Open(t.Context(), sqlite.Options{Path: cfg.Database()})
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	title := "imported"
	patch := task.Patch{Title: &title, Description: new(string), Completed: new(bool)}
	change := task.Change{Kind: task.Create, ID: "018f0000-0000-7000-8000-000000000001", Patch: patch}
	if _, err := store.Write(t.Context(), change); err != nil {
		t.Fatal(err)
	}
	if err := components.NotifyServer(t.Context(), cfg); err != nil {
		t.Error(err)
	}
	prints(t, out, "imported")
}

// TestTwoNodes runs two apis and two servers over one PostgreSQL, which starts only
// when they wait for it. An event written at one node reaches an event stream at the
// other.
func TestTwoNodes(t *testing.T) {
	database := postgrestest.Start(t)
	url := database.Database(t)
	database.Kill()
	one, two := addresses(t), addresses(t)
	for _, cfg := range []*config.Config{one, two} {
		cfg.Store, cfg.Postgres.URL = config.StorePostgres, url
	}
	apiOut := run(t, func(ctx context.Context, env components.Env) error { return components.RunAPI(ctx, one, env) })
	prints(t, apiOut, one.StoreServer())
	waiting, _ := launch(t, func(ctx context.Context, env components.Env) error { return components.RunWSServer(ctx, two, env) })
	waittest.For(t, "a note of what it waits for", func() bool {
		waiting.mu.Lock()
		defer waiting.mu.Unlock()
		for _, line := range waiting.lines {
			what, ok := components.NotedWaiting(strings.TrimPrefix(line, child.NotePrefix))
			if ok && strings.Contains(what, two.StoreServer()) {
				return true
			}
		}
		return false
	})
	database.Start(t)
	prints(t, apiOut, message.English.ReadyByHand(config.API))
	otherOut := run(t, func(ctx context.Context, env components.Env) error { return components.RunAPI(ctx, two, env) })
	prints(t, otherOut, message.English.ReadyByHand(config.API))

	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, two.APIURL()+"/events", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Accept", "text/event-stream")
	res, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	create(t, one, "from the other node")
	received := make([]byte, 0, 4096)
	for !bytes.Contains(received, []byte("from the other node")) {
		part := make([]byte, 1024)
		n, err := res.Body.Read(part)
		if received = append(received, part[:n]...); err != nil {
			t.Fatalf("%v after %s", err, received)
		}
	}
}
