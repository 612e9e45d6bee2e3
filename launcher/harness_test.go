package launcher_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"

	"taskctl/launcher"
	"taskctl/launcher/components"
	"taskctl/launcher/control"
	"taskctl/pkg/client"
	"taskctl/pkg/config"
	"taskctl/pkg/consumer"
	"taskctl/pkg/message"
	"taskctl/pkg/supervisor/child"
	"taskctl/pkg/task"
	"taskctl/pkg/wait/waittest"
)

// TestMain runs the tests. If a launcher under test has started this binary as a child,
// it runs the component in its first argument instead.
func TestMain(m *testing.M) {
	if _, isChild := os.LookupEnv(child.Variable); isChild {
		if err := runComponent(os.Args[1]); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	goleak.VerifyTestMain(m,
		// Lumberjack never ends its goroutine, one for each log file.
		goleak.IgnoreAnyFunction("gopkg.in/natefinch/lumberjack%2ev2.(*Logger).millRun"))
}

func runComponent(name string) error {
	handle, err := child.Connect()
	if err != nil {
		return err
	}
	cfg, err := config.Load(config.Input{Getenv: os.Getenv})
	if err != nil {
		return err
	}
	asked, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	ctx, leave := child.Guard(asked, handle)
	defer leave()
	env := components.Env{Handle: handle, Stdout: os.Stdout, Stderr: os.Stderr, Lang: cfg.Language(os.Getenv), Getenv: os.Getenv, Environ: os.Environ()}
	switch name {
	case config.WSServer:
		return components.RunWSServer(ctx, cfg, env)
	case config.API:
		return components.RunAPI(ctx, cfg, env)
	case config.Consumer:
		return components.RunConsumer(ctx, cfg, consumer.Config{Checkpoint: cfg.Data("consumer.checkpoint")}, env)
	}
	return fmt.Errorf("unknown component %q", name)
}

// running is a launcher under test.
type running struct {
	t        *testing.T
	cfg      *config.Config
	launcher *launcher.Launcher
	stdout   *output
	stderr   *output
	ready    chan struct{} // closed once all is ready
	ended    chan struct{} // closed when Run has returned
	err      error         // of Run, once ended is closed
}

// output is a stream that a test reads while the launcher writes it.
type output struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

func inProcess(o *launcher.Options)  { o.InProcess = true }
func noTestTask(o *launcher.Options) { o.NoTestTask = true }

// settings returns settings for a new directory and free ports.
func settings(t *testing.T) *config.Config {
	t.Helper()
	cfg := config.Default()
	cfg.Dir = t.TempDir()
	cfg.API.Addr, cfg.WSServer.Addr = "127.0.0.1:0", "127.0.0.1:0"
	return cfg
}

// start runs a launcher. It is stopped at the end of the test.
func start(t *testing.T, cfg *config.Config, options ...func(*launcher.Options)) *running {
	t.Helper()
	r := &running{
		t: t, cfg: cfg, stdout: &output{}, stderr: &output{},
		ready: make(chan struct{}), ended: make(chan struct{}),
	}
	executable, err := launcher.Executable()
	if err != nil {
		t.Fatal(err)
	}
	o := launcher.Options{
		Executable: executable, Version: "test", Stdout: r.stdout, Stderr: r.stderr, Lang: message.English,
		Getenv: func(string) string { return "" }, Environ: os.Environ(),
		Detached: sync.OnceValue(func() error { close(r.ready); return nil }),
	}
	for _, option := range options {
		option(&o)
	}
	r.launcher, err = launcher.New(cfg, o)
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(r.ended)
		r.err = r.launcher.Run(context.WithoutCancel(t.Context()))
	}()
	t.Cleanup(func() {
		r.launcher.Stop()
		r.await(r.ended, "the end")
	})
	return r
}

func (r *running) await(done <-chan struct{}, what string) {
	r.t.Helper()
	select {
	case <-done:
	case <-time.After(waittest.Timeout):
		r.t.Fatalf("no %s within %v\n%s%s", what, waittest.Timeout, r.stdout, r.stderr)
	}
}

func (r *running) awaitReady() {
	r.t.Helper()
	select {
	case <-r.ready:
	case <-r.ended:
		r.t.Fatalf("the launcher ended before it was ready: %v\n%s", r.err, r.stderr)
	case <-time.After(waittest.Timeout):
		r.t.Fatalf("not ready within %v\n%s", waittest.Timeout, r.stderr)
	}
}

// stop stops it and returns the error of Run.
func (r *running) stop() error {
	r.t.Helper()
	r.launcher.Stop()
	r.await(r.ended, "end")
	return r.err
}

func (r *running) status() control.Status {
	r.t.Helper()
	s, err := control.NewClient(r.cfg).Status(r.t.Context())
	if err != nil {
		r.t.Fatal(err)
	}
	return s
}

// client is a client of its API.
func (r *running) client() *client.Client {
	r.t.Helper()
	s := r.status()
	c, err := client.New(client.Config{BaseURL: s.API, WebSocketURL: s.WebSocket})
	if err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(c.CloseIdleConnections)
	return c
}

// titles are those of all its tasks.
func (r *running) titles() []string {
	r.t.Helper()
	page, err := r.client().List(r.t.Context(), task.Query{Limit: 100})
	if err != nil {
		r.t.Fatal(err)
	}
	var titles []string
	for _, t := range page.Tasks {
		titles = append(titles, t.Title)
	}
	return titles
}

// assertReleased checks that nothing of a launcher is left in its directory: no
// lock, no control socket, no run state.
func assertReleased(t *testing.T, cfg *config.Config) {
	t.Helper()
	if _, err := control.Owner(cfg); !errors.Is(err, control.ErrNotRunning) {
		t.Errorf("the lock: %v", err)
	}
	for _, file := range []string{control.SocketPath(cfg), cfg.Data(control.RunStateFile)} {
		if _, err := os.Lstat(file); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%s is left (%v)", file, err)
		}
	}
}

// descriptors lists the open descriptors of this process, if the system has /proc.
func descriptors(t *testing.T) map[string]string {
	t.Helper()
	open := map[string]string{}
	entries, _ := os.ReadDir("/proc/self/fd")
	for _, entry := range entries {
		if target, err := os.Readlink("/proc/self/fd/" + entry.Name()); err == nil {
			open[entry.Name()] = target
		}
	}
	return open
}

// assertNoneLeaked waits until no descriptor is open that was not open before:
// connections close a moment after the request that used them.
func assertNoneLeaked(t *testing.T, before map[string]string) {
	t.Helper()
	waittest.For(t, "end of the descriptors that were opened", func() bool {
		for fd, target := range descriptors(t) {
			if before[fd] == "" && !strings.HasPrefix(target, "anon_inode:") {
				return false
			}
		}
		return true
	})
}

// waitForState waits until a component is in a state.
func (r *running) waitForState(component, state string) control.ComponentStatus {
	r.t.Helper()
	var found control.ComponentStatus
	waittest.For(r.t, component+" that is "+state, func() bool {
		for _, c := range r.status().Components {
			if c.Name == component {
				found = c
			}
		}
		return found.State == state
	})
	return found
}
