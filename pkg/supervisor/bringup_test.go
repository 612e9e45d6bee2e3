//go:build linux

package supervisor_test

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"taskctl/pkg/supervisor"
	"taskctl/pkg/wait/waittest"
)

func TestAChangeOfFilesRestartsWhatShouldRun(t *testing.T) {
	job := supervisor.Spec{Name: "job", Job: true, MayFail: true, Runner: shell("exit 0")}
	broken := supervisor.Spec{Name: "broken", MayFail: true, Runner: shell("exit 1"), Restart: supervisor.RestartPolicy{Max: 1}}
	runs := supervisor.Spec{Name: "runs", MayFail: true, Runner: shell("exec sleep 600")}
	byHand := supervisor.Spec{Name: "by-hand", Manual: true, MayFail: true, Runner: shell("exec sleep 600")}
	s := begin(t, supervisor.Options{}, job, broken, runs, byHand)
	s.waitState("job", supervisor.StateDone)
	s.waitState("broken", supervisor.StateFailed)
	s.waitState("runs", supervisor.StateReady)
	for _, name := range []string{"job", "broken", "runs", "by-hand"} {
		if err := s.RestartFresh(name, []string{"a.py"}); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"job", "broken", "runs"} {
		waittest.For(t, name+" is started again", func() bool { return s.status(name).Generation == 2 })
		if change := s.status(name).FileChange; change == nil || !slices.Equal(change.Files, []string{"a.py"}) {
			t.Errorf("%s was restarted for %+v", name, change)
		}
	}
	if err := s.Stop(t.Context(), "runs"); err != nil {
		t.Fatal(err)
	}
	if err := s.RestartFresh("runs", []string{"b.py"}); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"runs", "by-hand"} {
		if st := s.status(name); st.State != supervisor.StateStopped {
			t.Errorf("%s is %s", name, st.State)
		}
	}
	if err := s.RestartFresh("nobody", nil); !errors.Is(err, supervisor.ErrUnknown) {
		t.Errorf("nobody: %v", err)
	}
}

func TestAChangeOfFilesDuringARestartIsNotLost(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	output := newCapture()
	p := shell("trap 'while ! [ -e go ]; do sleep 0.01; done; exit 0' TERM; cat version; while :; do sleep 0.01; done")
	p.Dir, p.Output = dir, output.open
	write("version", "one\n")
	s := begin(t, supervisor.Options{}, supervisor.Spec{Name: "m", MayFail: true, Runner: p})
	output.wait(t, "one\n")
	for _, version := range []string{"two\n", "three\n"} { // the first generation ends only after both
		write("version", version)
		if err := s.RestartFresh("m", []string{"version"}); err != nil {
			t.Fatal(err)
		}
	}
	write("go", "")
	if text := output.wait(t, "three\n"); strings.Contains(text, "two") {
		t.Errorf("it began with what had been replaced: %q", text)
	}
}

func TestAReloadAppliesOtherRulesWithoutARestart(t *testing.T) {
	spec := supervisor.Spec{Name: "m", MayFail: true, Digest: "1", Runner: shell("exec sleep 600"), Restart: supervisor.RestartPolicy{Max: 1}}
	s := begin(t, supervisor.Options{}, spec)
	before := s.waitState("m", supervisor.StateReady)
	spec.Restart.Max, spec.StopTimeout = 9, time.Minute
	for _, want := range [][]string{{"m"}, nil} {
		change, err := s.Reload(t.Context(), []supervisor.Spec{spec})
		if err != nil || !slices.Equal(change.Updated, want) || len(change.Restarted) > 0 {
			t.Errorf("%v, %+v, want %q to be updated", err, change, want)
		}
	}
	kill(t, before.PID, syscall.SIGKILL)
	waittest.For(t, "it is started again", func() bool { return s.status("m").Generation == 2 })
	if st := s.waitState("m", supervisor.StateReady); st.Budget.Max != 9 {
		t.Errorf("with %+v", st)
	}
}
