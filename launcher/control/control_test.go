package control_test

import (
	"context"
	"errors"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"taskctl/launcher/control"
	"taskctl/pkg/config"
	"taskctl/pkg/message"
	"taskctl/pkg/screen"
	"taskctl/pkg/supervisor"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// system answers as a launcher does.
type system struct {
	restarted chan []string
	stopped   chan struct{}
}

func newSystem() *system {
	return &system{restarted: make(chan []string, 1), stopped: make(chan struct{})}
}

func (*system) Status(context.Context) control.Status {
	return control.Status{State: control.Ready, PID: os.Getpid(), Components: []control.ComponentStatus{{Name: "api"}}}
}

func (s *system) Stop(context.Context) (control.Receipt, error) {
	close(s.stopped)
	return control.Receipt{Took: time.Second, Endings: []supervisor.StopResult{{Component: "api", How: supervisor.OutcomeKilled}}}, nil
}

func (s *system) Restart(_ context.Context, names ...string) error {
	s.restarted <- names
	switch {
	case slices.Contains(names, "gone"):
		return supervisor.ErrStopped
	case slices.Contains(names, "broken"):
		return supervisor.RestartErrors{{Component: "broken", Exit: supervisor.Exit{Code: 2}, PreviousServes: true}}
	}
	return nil
}

func (s *system) StartComponents(ctx context.Context, names ...string) error {
	return s.Restart(ctx, names...)
}

func (s *system) StopComponents(ctx context.Context, names ...string) error {
	return s.Restart(ctx, names...)
}

func (*system) Reload(context.Context) (control.Reloaded, error) {
	return control.Reloaded{NextStart: []string{"api.addr"}}, nil
}

func (*system) Why(_ context.Context, name string) (control.Why, error) {
	if name != "api" {
		return control.Why{}, supervisor.ErrUnknown
	}
	return control.Why{Status: control.ComponentStatus{Name: name}, Crash: &supervisor.CrashRecord{PID: 7}}, nil
}

func (*system) EmptyLogs(names ...string) (int64, error) {
	if slices.Contains(names, "broken") {
		return 0, errors.New("disk on fire")
	}
	return int64(len(names)), nil
}

// dir is a directory that this process is the launcher of.
func dir(t *testing.T) (*config.Config, *control.DirLock) {
	t.Helper()
	cfg := config.Default()
	cfg.Dir = t.TempDir()
	lock, err := control.Lock(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = lock.Release() })
	return cfg, lock
}

// serve is dir with a control socket.
func serve(t *testing.T, s control.System) (*config.Config, *control.Client) {
	t.Helper()
	cfg, lock := dir(t)
	server, err := control.Serve(cfg, s)
	if err != nil {
		t.Fatal(err)
	}
	if err := lock.SetStage(control.StageServing); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Close(); err != nil {
			t.Error(err)
		}
	})
	return cfg, control.NewClient(cfg)
}

func TestRequests(t *testing.T) {
	s := newSystem()
	cfg, c := serve(t, s)
	if o, err := control.Owner(cfg); err != nil || o.PID != os.Getpid() {
		t.Errorf("the owner is %+v, %v", o, err)
	}
	if status, err := c.Status(t.Context()); err != nil || status.State != control.Ready || status.Components[0].Name != "api" {
		t.Errorf("status: %+v, %v", status, err)
	}
	if status, err := control.Inspect(t.Context(), cfg); err != nil || status.PID != os.Getpid() {
		t.Errorf("inspect: %+v, %v", status, err)
	}
	if !c.Answers(t.Context()) {
		t.Error("it does not answer")
	}
	if err := c.Restart(t.Context(), "api", "mailer"); err != nil || !slices.Equal(<-s.restarted, []string{"api", "mailer"}) {
		t.Errorf("restart: %v", err)
	}
	if why, err := c.Why(t.Context(), "api"); err != nil || why.Status.Name != "api" || why.Crash.PID != 7 {
		t.Errorf("why: %+v, %v", why, err)
	}
	if freed, err := c.EmptyLogs(t.Context(), "a", "b"); err != nil || freed != 2 {
		t.Errorf("emptied %d, %v", freed, err)
	}
	receipt, err := c.Stop(t.Context())
	if err != nil || receipt.Took != time.Second || !errors.Is(receipt.Err(), control.ErrKilled) {
		t.Errorf("stop: %+v, %v", receipt, err)
	}
	<-s.stopped
}

// Errors that commands distinguish keep their identity over the socket.
func TestErrorsTravel(t *testing.T) {
	s := newSystem()
	_, c := serve(t, s)
	var restarts supervisor.RestartErrors
	if err := c.Restart(t.Context(), "broken"); !errors.As(err, &restarts) || restarts[0].Exit.Code != 2 || !restarts[0].PreviousServes {
		t.Errorf("a restart that failed: %#v", err)
	}
	<-s.restarted
	if err := c.Restart(t.Context(), "gone"); !errors.Is(err, supervisor.ErrStopped) {
		t.Errorf("a restart during the stop: %#v", err)
	}
	<-s.restarted
	if _, err := c.Why(t.Context(), "nobody"); err == nil || err.Error() != supervisor.ErrUnknown.Error() {
		t.Errorf("why of an unknown component: %v", err)
	}
	if _, err := c.EmptyLogs(t.Context(), "broken"); err == nil || err.Error() != "disk on fire" {
		t.Errorf("a log that cannot be emptied: %v", err)
	}
}

func TestNothingRuns(t *testing.T) {
	cfg := config.Default()
	cfg.Dir = t.TempDir()
	c := control.NewClient(cfg)
	if _, err := c.Status(t.Context()); !errors.Is(err, control.ErrNotRunning) {
		t.Errorf("status: %v", err)
	}
	if _, err := c.Stop(t.Context()); !errors.Is(err, control.ErrNotRunning) {
		t.Errorf("stop: %v", err)
	}
	s, err := control.Inspect(t.Context(), cfg)
	if s.State != control.Stopped || s.Components == nil || !errors.Is(err, control.ErrNotRunning) {
		t.Errorf("inspect: %+v, %v", s, err)
	}
	if entries, _ := os.ReadDir(cfg.Dir); len(entries) > 0 {
		t.Errorf("to ask has left %v", entries)
	}
}

// The path of a Unix socket may have about a hundred bytes.
func TestSocketBelowALongPath(t *testing.T) {
	cfg := config.Default()
	cfg.Dir = t.TempDir() + "/" + strings.Repeat("d", 200)
	if err := os.MkdirAll(cfg.DataDir(), 0o700); err != nil {
		t.Fatal(err)
	}
	lock, err := control.Lock(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer lock.Release()
	server, err := control.Serve(cfg, newSystem())
	if err != nil {
		t.Skip(err) // not on this system
	}
	if !control.NewClient(cfg).Answers(t.Context()) {
		t.Error("it does not answer")
	}
	if err := server.Close(); err != nil {
		t.Error(err)
	}
	if _, err := os.Lstat(control.SocketPath(cfg)); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the socket is left: %v", err)
	}
}

func TestReceipt(t *testing.T) {
	code := func(n int) *supervisor.Exit { return &supervisor.Exit{Code: n, Reason: supervisor.Asked} }
	clean := supervisor.StopResult{Component: "api", How: supervisor.OutcomeStopped, Exit: code(0), Took: 12 * time.Millisecond}
	killed := supervisor.StopResult{Component: "mailer", How: supervisor.OutcomeKilled, Exit: code(-1)}
	left := supervisor.StopResult{Component: "stuck", How: supervisor.OutcomeKilled, Left: []supervisor.Member{{PID: 7, Command: "sh"}}}
	for _, tt := range []struct {
		endings []supervisor.StopResult
		err     error
		text    []string
	}{
		{[]supervisor.StopResult{clean}, nil, []string{"api", "exit 0", "12ms", message.English.ReceiptClean()}},
		{[]supervisor.StopResult{clean, killed}, control.ErrKilled, []string{message.English.ReceiptKilled("mailer")}},
		{[]supervisor.StopResult{killed, left}, control.ErrLeft, []string{message.English.ReceiptLeft("stuck (7 sh)")}},
	} {
		r := control.Receipt{Took: time.Second, Endings: tt.endings}
		if err := r.Err(); !errors.Is(err, tt.err) {
			t.Errorf("%v: %v, want %v", tt.endings, err, tt.err)
		}
		rendered := r.Render(message.English, screen.Palette{})
		for _, text := range tt.text {
			if !strings.Contains(rendered, text) {
				t.Errorf("%q is not in\n%s", text, rendered)
			}
		}
	}
}
