package launcher_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"taskctl/launcher"
	"taskctl/launcher/control"
	"taskctl/pkg/client"
	"taskctl/pkg/config"
	"taskctl/pkg/wait/waittest"
)

func TestStartAndStop(t *testing.T) {
	for mode, options := range map[string][]func(*launcher.Options){
		control.ModeInProcess: {inProcess},
		control.ModeProcesses: nil,
	} {
		t.Run(mode, func(t *testing.T) {
			before := descriptors(t)
			r := start(t, settings(t), options...)
			r.awaitReady()
			s := r.status()
			if s.State != control.Ready || s.Mode != mode || s.PID != os.Getpid() || s.RoundTrip == nil {
				t.Errorf("status %+v", s)
			}
			for i, name := range []string{config.WSServer, config.API, config.Consumer} {
				if c := s.Components[i]; c.Name != name || c.State != "ready" || c.PID == 0 || c.RSSBytes == 0 {
					t.Errorf("component %d: %+v", i, c)
				}
			}
			if titles := r.titles(); len(titles) != 1 || titles[0] != "WebSocket test" {
				t.Errorf("tasks: %q, want the test task", titles)
			}
			if err := r.stop(); err != nil {
				t.Errorf("Run returned %v", err)
			}
			for _, text := range []string{"all ready in", s.API, "nothing left running"} {
				if !strings.Contains(r.stdout.String(), text) {
					t.Errorf("%q was not printed:\n%s", text, r.stdout)
				}
			}
			assertReleased(t, r.cfg)
			assertNoneLeaked(t, before)
		})
	}
}

// A second start in the directory keeps the tasks of the first, with one test task, not
// two.
func TestStartAgain(t *testing.T) {
	cfg := settings(t)
	first := start(t, cfg, inProcess)
	first.awaitReady()
	if _, err := first.client().Create(t.Context(), client.Values{Title: "kept"}); err != nil {
		t.Fatal(err)
	}
	if err := first.stop(); err != nil {
		t.Fatal(err)
	}
	second := start(t, cfg, inProcess)
	second.awaitReady()
	if titles := second.titles(); len(titles) != 2 || titles[0] != "WebSocket test" || titles[1] != "kept" {
		t.Errorf("tasks: %q", titles)
	}
}

func TestStopThroughTheControlSocket(t *testing.T) {
	r := start(t, settings(t), inProcess, noTestTask)
	r.awaitReady()
	receipt, err := control.NewClient(r.cfg).Stop(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var stopped []string
	for _, e := range receipt.Endings {
		stopped = append(stopped, e.Component)
	}
	if got := strings.Join(stopped, " "); got != "consumer api wsserver" {
		t.Errorf("stopped: %s", got)
	}
	r.await(r.ended, "end")
	if r.err != nil {
		t.Errorf("Run returned %v", r.err)
	}
	if s := r.stdout.String(); strings.Contains(s, "test task \"") {
		t.Errorf("the screen tells of a test task:\n%s", s)
	}
}

// The end of the context is a request to stop at any time.
func TestContextEnds(t *testing.T) {
	for _, at := range []string{"before the start", "during the start"} {
		t.Run(at, func(t *testing.T) {
			before := descriptors(t)
			cfg := settings(t)
			var r *launcher.Launcher
			options := launcher.Options{
				InProcess: true, Stdout: io.Discard, Stderr: io.Discard,
				Getenv: func(string) string { return "" },
			}
			r, err := launcher.New(cfg, options)
			if err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			if at == "before the start" {
				cancel()
			}
			ended := make(chan error, 1)
			go func() { ended <- r.Run(ctx) }()
			if at == "during the start" {
				waittest.For(t, "lock", func() bool { _, err := control.Owner(cfg); return err == nil })
				cancel()
			}
			select {
			case err := <-ended:
				if err != nil {
					t.Errorf("Run returned %v", err)
				}
			case <-time.After(waittest.Timeout):
				t.Fatal("it does not end")
			}
			assertReleased(t, cfg)
			assertNoneLeaked(t, before)
		})
	}
}

func TestSecondInstanceIsRefused(t *testing.T) {
	cfg := settings(t)
	first := start(t, cfg, inProcess, noTestTask)
	first.awaitReady()
	second := start(t, cfg, inProcess, noTestTask)
	second.await(second.ended, "refusal")
	var running *control.AlreadyRunningError
	if !errors.As(second.err, &running) || running.PID != os.Getpid() || running.Dir != cfg.Dir {
		t.Errorf("the second: %v", second.err)
	}
	if s := first.status(); s.State != control.Ready {
		t.Errorf("the first is %s now", s.State)
	}
}

func TestTwoSystemsSideBySide(t *testing.T) {
	one, two := start(t, settings(t), inProcess), start(t, settings(t), inProcess)
	one.awaitReady()
	two.awaitReady()
	for i, r := range []*running{one, two} {
		if _, err := r.client().Create(t.Context(), client.Values{Title: fmt.Sprint("of system ", i)}); err != nil {
			t.Fatal(err)
		}
	}
	if titles := strings.Join(one.titles(), ", "); titles != "of system 0, WebSocket test" {
		t.Errorf("tasks of the first: %s", titles)
	}
	if err := one.stop(); err != nil {
		t.Errorf("stop of the first: %v", err)
	}
	if s := two.status(); s.State != control.Ready {
		t.Errorf("after the first has stopped, the second is %s", s.State)
	}
	if titles := strings.Join(two.titles(), ", "); titles != "of system 1, WebSocket test" {
		t.Errorf("tasks of the second: %s", titles)
	}
}

// stubborn is a component of the user's that does not end when asked.
func stubborn(cfg *config.Config) {
	long := time.Hour
	cfg.Components = append(cfg.Components, config.Component{
		Name: "stubborn", Command: []string{"sh", "-c", "trap '' TERM; echo here; while :; do sleep 1; done"},
		Ready: config.Ready{Log: "here"}, Stop: config.Stop{Timeout: &long},
	})
}

func TestKill(t *testing.T) {
	cfg := settings(t)
	stubborn(cfg)
	r := start(t, cfg, inProcess, noTestTask)
	r.awaitReady()
	r.launcher.Stop()
	r.waitForState("stubborn", "stopping")
	r.launcher.Kill()
	r.await(r.ended, "end")
	if !errors.Is(r.err, control.ErrKilled) {
		t.Errorf("Run returned %v\n%s", r.err, r.stdout)
	}
	assertReleased(t, cfg)
}

func TestKillWithoutStop(t *testing.T) {
	cfg := settings(t)
	stubborn(cfg)
	r := start(t, cfg, inProcess, noTestTask)
	r.awaitReady()
	r.launcher.Kill()
	r.await(r.ended, "end")
	if !errors.Is(r.err, control.ErrKilled) {
		t.Errorf("Run returned %v\n%s", r.err, r.stdout)
	}
}

func TestDeathOfAComponent(t *testing.T) {
	r := start(t, settings(t))
	r.awaitReady()
	before := r.waitForState(config.API, "ready")
	process, err := os.FindProcess(before.PID)
	if err != nil {
		t.Fatal(err)
	}
	if err := process.Kill(); err != nil {
		t.Fatal(err)
	}
	// The launcher holds the socket, so this request waits for the next generation.
	if titles := r.titles(); len(titles) != 1 {
		t.Errorf("tasks: %q", titles)
	}
	after := r.waitForState(config.API, "ready")
	if after.PID == before.PID || after.Restarts != 1 || after.LastExit != "SIGKILL" {
		t.Errorf("after its death: %+v", after)
	}
	why, err := control.NewClient(r.cfg).Why(t.Context(), config.API)
	if err != nil || why.Crash == nil || why.Crash.Exit.Signal != "SIGKILL" || why.Status.PID != after.PID {
		t.Errorf("why: %+v, %v", why, err)
	}
	if text := r.stderr.String(); !strings.Contains(text, "api died (SIGKILL)") {
		t.Errorf("printed:\n%s", text)
	}
}

func TestRestart(t *testing.T) {
	r := start(t, settings(t))
	r.awaitReady()
	before := r.status()
	if err := control.NewClient(r.cfg).Restart(t.Context()); err != nil {
		t.Fatal(err)
	}
	after := r.status()
	for i, c := range after.Components {
		if c.PID == before.Components[i].PID || c.Generation != before.Components[i].Generation+1 || c.State != "ready" {
			t.Errorf("%s: %+v", c.Name, c)
		}
	}
	if after.API != before.API || after.WebSocket != before.WebSocket {
		t.Errorf("the addresses were %s and %s, and are %s and %s", before.API, before.WebSocket, after.API, after.WebSocket)
	}
}

// When a component has failed permanently its socket is closed, so that clients are
// refused. A restart binds it again on the same port.
func TestFailedComponentRefusesClients(t *testing.T) {
	cfg := settings(t)
	cfg.Restart.Max, cfg.Restart.Window = 1, time.Hour
	r := start(t, cfg, noTestTask)
	r.awaitReady()
	url := r.status().API
	process, err := os.FindProcess(r.waitForState(config.API, "ready").PID)
	if err != nil {
		t.Fatal(err)
	}
	if err := process.Kill(); err != nil {
		t.Fatal(err)
	}
	r.waitForState(config.API, "failed")
	if s := r.status(); s.State != control.Failed {
		t.Errorf("the system is %s", s.State)
	}
	if res, err := http.Get(url + "/healthz"); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("a request: %v, %v", res, err)
	}
	if err := control.NewClient(cfg).Restart(t.Context(), config.API); err != nil {
		t.Fatal(err)
	}
	if s := r.status(); s.State != control.Ready || s.API != url {
		t.Errorf("after the restart: %s at %s, was at %s", s.State, s.API, url)
	}
}

// The start does not wait forever for a user's component that does not become ready,
// and the announcement names it.
func TestUsersComponents(t *testing.T) {
	cfg := settings(t)
	limit := 1
	cfg.Components = []config.Component{
		{Name: "worker", Command: []string{"sh", "-c", "echo $WHO; exec sleep 1000"}, Env: map[string]string{"WHO": "me"}, Ready: config.Ready{Log: "me"}},
		{Name: "broken", Command: []string{"false"}, Restart: config.Restart{Max: &limit}, Ready: config.Ready{Check: config.Check{TCP: "127.0.0.1:1"}}},
		{Name: "after", Command: []string{"sleep", "1000"}, After: []string{"broken"}},
	}
	r := start(t, cfg, inProcess, noTestTask)
	r.awaitReady()
	if worker := r.waitForState("worker", "ready"); worker.PID == os.Getpid() || worker.Address != "" {
		t.Errorf("worker: %+v", worker)
	}
	r.waitForState("broken", "failed")
	if text := r.stdout.String(); !strings.Contains(text, "all but broken, after ready in") && !strings.Contains(text, "broken") {
		t.Errorf("the screen does not name it:\n%s", text)
	}
	if _, err := control.NewClient(cfg).Why(t.Context(), "nobody"); err == nil || !strings.Contains(err.Error(), "nobody") {
		t.Errorf("why of an unknown component: %v", err)
	}
	freed, err := control.NewClient(cfg).EmptyLogs(t.Context(), "worker")
	if err != nil || freed == 0 {
		t.Errorf("emptied %d bytes of its log: %v", freed, err)
	}
}

// Without its lock file a second system could start beside this one.
func TestDataDirectoryRemoved(t *testing.T) {
	r := start(t, settings(t), inProcess, noTestTask)
	r.awaitReady()
	if err := os.Rename(r.cfg.DataDir(), r.cfg.DataDir()+".away"); err != nil {
		t.Fatal(err)
	}
	r.await(r.ended, "end")
	var removed *control.DataRemovedError
	if !errors.As(r.err, &removed) {
		t.Errorf("Run returned %v", r.err)
	}
}

// After a launcher was killed, the consumer's checkpoint may be ahead of its log:
// the events in between are printed again, so that the log has no hole.
func TestStartAfterACrash(t *testing.T) {
	cfg := settings(t)
	first := start(t, cfg, inProcess)
	first.awaitReady()
	created, err := first.client().Create(t.Context(), client.Values{Title: "lost with the launcher"})
	if err != nil {
		t.Fatal(err)
	}
	log := filepath.Join(cfg.LogDir(), "consumer.log")
	logged := func() string {
		text, err := os.ReadFile(log)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	line := fmt.Sprintf(" #%d created %s", created.Position.Seq, created.Task.ID)
	waittest.For(t, "the event in the log", func() bool { return strings.Contains(logged(), line) })
	if err := first.stop(); err != nil {
		t.Fatal(err)
	}
	text := logged()
	end := strings.LastIndex(text[:strings.Index(text, line)], "\n") + 1
	if err := os.WriteFile(log, []byte(text[:end]), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(cfg.Data(control.RunStateFile), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	start(t, cfg, inProcess).awaitReady()
	waittest.For(t, "the event in the log", func() bool { return strings.Contains(logged(), line) })
}
