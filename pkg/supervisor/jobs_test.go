//go:build linux

package supervisor_test

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"taskctl/pkg/supervisor"
	"taskctl/pkg/wait/waittest"
)

func TestAJobEndsBeforeWhatComesAfterItBegins(t *testing.T) {
	dir := t.TempDir()
	job := shell("while ! [ -e go ]; do :; done; echo did >done")
	job.Dir = dir
	after := shell("[ -s done ] && exec sleep 600")
	after.Dir = dir
	s := begin(t, supervisor.Options{},
		supervisor.Spec{Name: "migrate", Job: true, MayFail: true, Runner: job, ReadyTimeout: time.Millisecond},
		supervisor.Spec{Name: "app", After: []string{"migrate"}, MayFail: true, Runner: after},
	)
	s.waitState("migrate", supervisor.StateStarting)
	if st := s.waitState("app", supervisor.StateStarting); !slices.Equal(st.WaitsFor, []string{"migrate"}) || st.PID != 0 {
		t.Errorf("while the job runs: %+v", st)
	}
	if err := os.WriteFile(filepath.Join(dir, "go"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	s.waitState("app", supervisor.StateReady)
	if st := s.status("migrate"); st.State != supervisor.StateDone || st.Restarts != 0 {
		t.Errorf("the job is %+v", st)
	}
	if err := s.Restart(t.Context(), "migrate"); err != nil || s.status("migrate").Generation != 2 {
		t.Errorf("run again: %v, %+v", err, s.status("migrate"))
	}
}

func TestAJobThatFailsKeepsBackWhatComesAfterIt(t *testing.T) {
	s := begin(t, supervisor.Options{},
		supervisor.Spec{Name: "migrate", Job: true, MayFail: true, Runner: shell("echo no table; exit 3")},
		supervisor.Spec{Name: "app", After: []string{"migrate"}, MayFail: true, Runner: shell("exec sleep 600")},
	)
	if st := s.waitState("migrate", supervisor.StateFailed); st.Generation != 1 {
		t.Errorf("it was run %d times", st.Generation)
	}
	if err := s.Start(t.Context(), "app"); err == nil || !strings.Contains(err.Error(), "waits for migrate") {
		t.Errorf("start app: %v", err)
	}
	var failed *supervisor.RestartError
	if err := s.Start(t.Context(), "migrate"); !errors.As(err, &failed) || failed.Exit.Code != 3 || !slices.Equal(failed.Lines, []string{"no table"}) {
		t.Errorf("start migrate: %v", err)
	}
}

func TestRestartPolicies(t *testing.T) {
	for name, tt := range map[string]struct {
		policy supervisor.Policy
		script string
		want   supervisor.State
		times  uint64
	}{
		"never, well":      {supervisor.RestartNever, "exit 0", supervisor.StateDone, 1},
		"never, badly":     {supervisor.RestartNever, "exit 1", supervisor.StateFailed, 1},
		"on failure, well": {supervisor.RestartOnFailure, "exit 0", supervisor.StateDone, 1},
		"on failure":       {supervisor.RestartOnFailure, "exit 1", supervisor.StateFailed, 3},
		"always":           {supervisor.RestartAlways, "exit 0", supervisor.StateFailed, 3},
	} {
		t.Run(name, func(t *testing.T) {
			s := begin(t, supervisor.Options{}, supervisor.Spec{
				Name: "m", MayFail: true, Runner: shell(tt.script),
				Restart: supervisor.RestartPolicy{Policy: tt.policy, Max: 3, BackoffMin: time.Millisecond},
			})
			if st := s.waitState("m", tt.want); st.Generation != tt.times {
				t.Errorf("it was started %d times", st.Generation)
			}
		})
	}
}

func TestStopAndStartOfOne(t *testing.T) {
	s := begin(t, supervisor.Options{},
		supervisor.Spec{Name: "a", Runner: shell("exec sleep 600")},
		supervisor.Spec{Name: "b", After: []string{"a"}, MayFail: true, Manual: true, Runner: shell("exec sleep 600")},
	).started()
	if st := s.status("b"); st.State != supervisor.StateStopped || st.Generation != 0 {
		t.Errorf("what is started by hand: %+v", st)
	}
	for range 2 { // the second finds it running
		if err := s.Start(t.Context(), "b"); err != nil {
			t.Fatal(err)
		}
		if st := s.status("b"); st.State != supervisor.StateReady || st.Generation != 1 {
			t.Errorf("after a start: %+v", st)
		}
	}
	if err := s.Stop(t.Context(), "b"); err != nil {
		t.Fatal(err)
	}
	if a, b := s.status("a"), s.status("b"); a.State != supervisor.StateReady || b.State != supervisor.StateStopped {
		t.Errorf("after a stop: %+v, %+v", a, b)
	}
	if err := s.Start(t.Context(), "b"); err != nil || s.status("b").Generation != 2 {
		t.Errorf("started again: %v, %+v", err, s.status("b"))
	}
}

func TestDependentsAreRestartedWithWhatTheyAskFor(t *testing.T) {
	sleep := shell("exec sleep 600")
	s := begin(t, supervisor.Options{},
		supervisor.Spec{Name: "db", Runner: sleep},
		supervisor.Spec{Name: "app", After: []string{"db"}, RestartWith: []string{"db"}, Runner: sleep},
		supervisor.Spec{Name: "stopped", After: []string{"db"}, RestartWith: []string{"db"}, Runner: sleep},
		supervisor.Spec{Name: "other", After: []string{"db"}, Runner: sleep},
	).started()
	if err := s.Stop(t.Context(), "stopped"); err != nil {
		t.Fatal(err)
	}
	if err := s.Restart(t.Context(), "db"); err != nil {
		t.Fatal(err)
	}
	waittest.For(t, "app is restarted", func() bool {
		st := s.status("app")
		return st.Generation == 2 && st.State == supervisor.StateReady
	})
	if other, stopped := s.status("other"), s.status("stopped"); other.Generation != 1 || stopped.State != supervisor.StateStopped {
		t.Errorf("others: %+v, %+v", other, stopped)
	}
}

func TestReloadTouchesOnlyWhatHasChanged(t *testing.T) {
	spec := func(name, digest string, after ...string) supervisor.Spec {
		return supervisor.Spec{Name: name, Digest: digest, After: after, MayFail: true, Runner: shell("exec sleep 600")}
	}
	s := begin(t, supervisor.Options{}, spec("same", "1"), spec("changed", "1", "same"), spec("gone", "1"))
	for _, name := range []string{"same", "changed", "gone"} {
		s.waitState(name, supervisor.StateReady)
	}
	pids := map[string]int{"same": s.status("same").PID, "changed": s.status("changed").PID, "gone": s.status("gone").PID}
	change, err := s.Reload(t.Context(), []supervisor.Spec{spec("new", "1", "changed"), spec("changed", "2", "same"), spec("same", "1")})
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(change.Started, []string{"new"}) || !slices.Equal(change.Stopped, []string{"gone"}) || !slices.Equal(change.Restarted, []string{"changed"}) {
		t.Errorf("change %+v", change)
	}
	var order []string
	for _, st := range s.Status() {
		order = append(order, st.Name)
	}
	if !slices.Equal(order, []string{"same", "changed", "new"}) {
		t.Errorf("components %q", order)
	}
	s.waitState("new", supervisor.StateReady)
	s.waitState("changed", supervisor.StateReady)
	if s.status("same").PID != pids["same"] || live(pids["changed"]) || live(pids["gone"]) {
		t.Error("the wrong ones were touched")
	}
	if _, err := s.Reload(t.Context(), []supervisor.Spec{spec("same", "2", "nobody")}); err == nil || s.status("same").PID != pids["same"] {
		t.Errorf("a mistake changed something: %v", err)
	}
	if receipt := s.stop(); len(receipt) != 3 {
		t.Errorf("receipt %+v", receipt)
	}
}

func TestAReloadDuringAStopEnds(t *testing.T) {
	spec := supervisor.Spec{Name: "m", MayFail: true, Runner: shell("exec sleep 600")}
	s := begin(t, supervisor.Options{}, spec)
	s.waitState("m", supervisor.StateReady)
	reloaded := make(chan struct{})
	go func() {
		defer close(reloaded)
		for digest := "1"; ; digest += "1" {
			next := spec
			next.Digest = digest
			if _, err := s.Reload(t.Context(), []supervisor.Spec{next}); errors.Is(err, supervisor.ErrNotRunning) || errors.Is(err, supervisor.ErrStopped) {
				return
			}
		}
	}()
	s.waitState("m", supervisor.StateReady)
	s.stop()
	<-reloaded
}

func TestAttemptsWithoutReadinessCountHoweverLongTheyTake(t *testing.T) {
	s := begin(t, supervisor.Options{}, supervisor.Spec{
		Name: "m", MayFail: true, Runner: func() supervisor.Process {
			p := shell("exec sleep 600")
			p.Ready = &supervisor.Check{TCP: "127.0.0.1:1"}
			return p
		}(),
		ReadyTimeout: 30 * time.Millisecond,
		Restart:      supervisor.RestartPolicy{Max: 3, Window: 20 * time.Millisecond, BackoffMin: time.Millisecond},
	})
	if st := s.waitState("m", supervisor.StateFailed); st.Generation != 3 || st.Budget.Deaths != 3 {
		t.Errorf("failed with %+v", st)
	}
}

func TestTheCommandIsFoundInThePathOfTheComponent(t *testing.T) {
	dir := t.TempDir()
	for name, mode := range map[string]os.FileMode{"only-here": 0o700, "not-executable": 0o600} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("#!/bin/sh\nexec sleep 600\n"), mode); err != nil {
			t.Fatal(err)
		}
	}
	for _, path := range []string{"/nowhere:" + dir, "", "."} {
		p := supervisor.Process{Path: "only-here", Env: append(os.Environ(), "PATH="+path), Dir: dir}
		if path == "" {
			p.Env = append(p.Env, "PATH=:/nowhere")
		}
		s := begin(t, supervisor.Options{}, supervisor.Spec{Name: "m", MayFail: true, Runner: p})
		s.waitState("m", supervisor.StateReady)
	}
	for _, name := range []string{"sh", "not-executable"} {
		p := supervisor.Process{Path: name, Env: []string{"PATH=" + dir}}
		if path, err := p.Resolve(); err == nil {
			t.Errorf("%s was found as %s", name, path)
		}
	}
}

func TestAllProcessesAreMeasured(t *testing.T) {
	p := shell("for i in 1 2 3; do sh -c 'while :; do :; done' & done; wait")
	s := begin(t, supervisor.Options{}, supervisor.Spec{Name: "m", Runner: p}).started()
	waittest.For(t, "its children have used time", func() bool { return s.Usage()["m"].CPU >= 30*time.Millisecond })
	if u := s.Usage()["m"]; u.RSSBytes < 2<<20 {
		t.Errorf("four shells use %d bytes", u.RSSBytes)
	}
}

func TestOpenStdinHasNoEnd(t *testing.T) {
	for open, want := range map[bool]supervisor.State{true: supervisor.StateReady, false: supervisor.StateDone} {
		p := shell("cat; exit 0")
		p.OpenStdin = open
		s := begin(t, supervisor.Options{}, supervisor.Spec{
			Name: "m", MayFail: true, Runner: p, Restart: supervisor.RestartPolicy{Policy: supervisor.RestartOnFailure},
		})
		s.waitState("m", want)
		s.stop()
	}
}

func TestAComponentRunsAsAnotherUser(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can start a process as another user")
	}
	output := newCapture()
	p := shell("id -u; id -g; exec sleep 600")
	p.Dir, p.Output, p.User = "/", output.open, &supervisor.User{UID: 65534, GID: 65534}
	begin(t, supervisor.Options{}, supervisor.Spec{Name: "m", Runner: p}).started()
	output.wait(t, "65534\n65534\n")
}
