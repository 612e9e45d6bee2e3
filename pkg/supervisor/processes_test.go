//go:build linux

package supervisor_test

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"taskctl/pkg/supervisor"

	"taskctl/pkg/wait/waittest"
)

// reap kills a process that a test has left on purpose.
func reap(t testing.TB, pid int) {
	t.Cleanup(func() { _ = syscall.Kill(pid, syscall.SIGKILL) })
}

func shell(script string) supervisor.Process {
	return supervisor.Process{Path: "sh", Args: []string{"-c", script}, Env: os.Environ()}
}

func TestStopEndsTheWholeFamily(t *testing.T) {
	for _, tt := range []struct {
		name    string
		args    []string
		timeout time.Duration
		how     supervisor.Outcome
	}{
		{"obedient", nil, waitTime, supervisor.OutcomeStopped},
		{"ignores SIGTERM", []string{"--ignore-term"}, 50 * time.Millisecond, supervisor.OutcomeKilled},
		{"hangs", []string{"--hang"}, 50 * time.Millisecond, supervisor.OutcomeKilled},
		{"grandchild obeys", []string{"--spawn-grandchild=--hang=false"}, waitTime, supervisor.OutcomeStopped},
		{"grandchild ignores SIGTERM", []string{"--spawn-grandchild=--ignore-term"}, 50 * time.Millisecond, supervisor.OutcomeKilled},
		{"both ignore SIGTERM", []string{"--ignore-term", "--spawn-grandchild=--ignore-term"}, 50 * time.Millisecond, supervisor.OutcomeKilled},
		{"grandchild left the session", []string{"--spawn-grandchild=--hang=false", "--setsid-grandchild"}, waitTime, supervisor.OutcomeStopped},
		{
			"grandchild left the session and ignores SIGTERM",
			[]string{"--spawn-grandchild=--ignore-term", "--setsid-grandchild"},
			50 * time.Millisecond, supervisor.OutcomeKilled,
		},
		{
			"grandchild left its session, cleared its environment and ignores SIGTERM",
			[]string{"--spawn-grandchild=--ignore-term", "--setsid-grandchild", "--scrub-grandchild"},
			50 * time.Millisecond, supervisor.OutcomeKilled,
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			output := newCapture()
			s := begin(t, supervisor.Options{}, supervisor.Spec{
				Name: "api", StopTimeout: tt.timeout, Runner: fakeProcess(t, output, tt.args...),
			}).started()
			pid, grandchild := s.status("api").PID, 0
			if slices.ContainsFunc(tt.args, func(a string) bool { return strings.HasPrefix(a, "--spawn-grandchild") }) {
				grandchild = output.grandchildPID(t)
				reap(t, grandchild)
				// It must ignore the signal before it is asked to end.
				waittest.For(t, "the grandchild has begun", func() bool {
					return ignores(grandchild, syscall.SIGTERM) || !strings.Contains(fmt.Sprint(tt.args), "=--ignore-term")
				})
			}
			if strings.Contains(fmt.Sprint(tt.args), "[--ignore-term") {
				waittest.For(t, "the child has begun", func() bool { return ignores(pid, syscall.SIGTERM) })
			}
			began := time.Now()
			ending := s.stop()["api"]
			if ending.How != tt.how || len(ending.Left) > 0 {
				t.Errorf("ended as %+v", ending)
			}
			if took := time.Since(began); took > 5*time.Second {
				t.Errorf("the stop took %v", took)
			}
			if live(pid) {
				t.Error("the child still runs")
			}
			if grandchild != 0 && live(grandchild) {
				t.Error("the grandchild still runs")
			}
		})
	}
}

func TestStopReachesAStoppedProcess(t *testing.T) {
	s := begin(t, supervisor.Options{}, supervisor.Spec{Name: "api", Runner: fakeProcess(t, newCapture())}).started()
	kill(t, s.status("api").PID, syscall.SIGSTOP)
	if e := s.stop()["api"]; e.How != supervisor.OutcomeStopped || e.Took > 5*time.Second {
		t.Errorf("ended as %+v", e)
	}
}

func TestStopSaysWhomItWaitsFor(t *testing.T) {
	heard := make(chan []supervisor.Waiting, 10)
	output := newCapture()
	s := begin(t, supervisor.Options{OnWaiting: func(w []supervisor.Waiting) { heard <- w }}, supervisor.Spec{
		Name: "api", StopTimeout: 1300 * time.Millisecond,
		Runner: fakeProcess(t, output, "--ignore-term", "--spawn-grandchild=--ignore-term"),
	}).started()
	pid, grandchild := s.status("api").PID, output.grandchildPID(t)
	reap(t, grandchild)
	if e := s.stop()["api"]; e.How != supervisor.OutcomeKilled || !e.Killed {
		t.Errorf("ended as %+v", e)
	}
	w := <-heard
	if len(w) != 1 || w[0].Component != "api" || w[0].For < time.Second || w[0].Left <= 0 || w[0].Left > time.Second {
		t.Fatalf("waiting for %+v", w)
	}
	var pids []int
	for _, m := range w[0].Members {
		pids = append(pids, m.PID)
	}
	if !slices.Contains(pids, pid) || !slices.Contains(pids, grandchild) {
		t.Errorf("members %v, want %d and %d", w[0].Members, pid, grandchild)
	}
}

func TestKillNowWaitsForNothing(t *testing.T) {
	output := newCapture()
	s := begin(t, supervisor.Options{},
		supervisor.Spec{Name: "wsserver", Runner: fakeProcess(t, newCapture(), "--ignore-term")},
		supervisor.Spec{Name: "api", After: []string{"wsserver"}, Runner: fakeProcess(t, output, "--ignore-term", "--spawn-grandchild=--ignore-term")},
	).started()
	grandchild := output.grandchildPID(t)
	reap(t, grandchild)
	s.cancel()
	s.KillNow()
	receipt := s.stop()
	for name, e := range receipt {
		if e.How != supervisor.OutcomeKilled || e.Took > 5*time.Second {
			t.Errorf("%s ended as %+v", name, e)
		}
	}
	if live(grandchild) {
		t.Error("the grandchild still runs")
	}
}

func TestWhatACrashLeavesEndsBeforeTheNextBegins(t *testing.T) {
	output := newCapture()
	var second atomic.Bool
	runner := runnerFunc(func(gen supervisor.Generation) supervisor.Process {
		if gen.Number > 1 {
			if pid := output.grandchildPID(t); live(pid) {
				t.Errorf("grandchild %d of the first generation lives beside the second", pid)
			}
			second.Store(true)
			return fakeProcess(t, newCapture())
		}
		return fakeProcess(t, output, "--spawn-grandchild=--ignore-term", "--orphan")
	})
	s := begin(t, supervisor.Options{}, supervisor.Spec{Name: "worker", MayFail: true, Runner: runner})
	s.waitState("worker", supervisor.StateReady)
	reap(t, output.grandchildPID(t))
	if !second.Load() {
		t.Error("there was no second generation")
	}
	if exit := s.status("worker").LastExit; exit == nil || exit.Code != 2 || !exit.Killed {
		t.Errorf("last exit %+v", exit)
	}
}

func TestNothingPrintedIsLost(t *testing.T) {
	output := newCapture()
	s := begin(t, supervisor.Options{}, supervisor.Spec{
		Name: "worker", MayFail: true, Restart: supervisor.RestartPolicy{Max: 1},
		Runner: fakeProcess(t, output, "--spew=20000", "--no-newline=the end", "--exit-after=1ms"),
	})
	s.waitState("worker", supervisor.StateFailed)
	lines := strings.Split(output.String(), "\n")
	if len(lines) != 20001 || lines[20000] != "the end" {
		t.Fatalf("%d lines, the last is %q", len(lines), lines[len(lines)-1])
	}
	for i, line := range lines[:20000] {
		if line != fmt.Sprintf("line %d", i) {
			t.Fatalf("line %d is %q", i, line)
		}
	}
}

// brokenLog sometimes fails, and is slow.
type brokenLog struct {
	writes int
	closed chan struct{}
}

func (b *brokenLog) Write(p []byte) (int, error) {
	if b.writes++; b.writes%2 == 0 {
		return 0, errors.New("no space left on device")
	}
	return len(p), nil
}

func (b *brokenLog) Close() error {
	close(b.closed)
	return errors.New("no space left on device")
}

func TestABrokenLogHoldsNobodyUp(t *testing.T) {
	p := fakeProcess(t, nil, "--spew=100000", "--exit-after=1ms")
	closed := make(chan struct{}, 2)
	p.Output = func(string) io.WriteCloser {
		b := &brokenLog{closed: make(chan struct{})}
		go func() { <-b.closed; closed <- struct{}{} }()
		return b
	}
	s := begin(t, supervisor.Options{}, supervisor.Spec{Name: "w", MayFail: true, Restart: supervisor.RestartPolicy{Max: 1}, Runner: p})
	s.waitState("w", supervisor.StateFailed)
	<-closed
	<-closed
	if lines := mustWhy(t, s, "w").Lines; lines[len(lines)-1] != "line 99999" {
		t.Errorf("kept %q", lines)
	}
}

func mustWhy(t testing.TB, s *system, name string) supervisor.CrashRecord {
	t.Helper()
	record, died, err := s.Why(name)
	if err != nil || !died {
		t.Fatalf("Why(%s): %v, %v", name, died, err)
	}
	return record
}

func TestCrashLoopFailsAndRestartClearsIt(t *testing.T) {
	marker := filepath.Join(t.TempDir(), "works")
	failed := make(chan struct{}, 10)
	runner := runnerFunc(func(supervisor.Generation) supervisor.Process {
		if _, err := os.Stat(marker); err == nil {
			return fakeProcess(t, newCapture())
		}
		return fakeProcess(t, newCapture(), "--never-ready", "--exit-after=1ms", "--exit-code=0")
	})
	s := begin(t, supervisor.Options{},
		supervisor.Spec{Name: "good", Runner: fakeProcess(t, newCapture())},
		supervisor.Spec{
			Name: "bad", MayFail: true, Runner: runner, OnFailed: func() { failed <- struct{}{} },
			Restart: supervisor.RestartPolicy{Max: 3, BackoffMin: time.Millisecond},
		},
	).started()
	<-failed
	st := s.waitState("bad", supervisor.StateFailed)
	if st.Generation != 3 || st.Budget.Deaths != 3 || st.Restarts != 2 || s.status("good").State != supervisor.StateReady {
		t.Errorf("failed with %+v", st)
	}
	if record := mustWhy(t, s, "bad"); record.State != supervisor.StateFailed || record.Exit.Code != 0 {
		t.Errorf("crash record %+v", record)
	}
	if err := s.Restart(t.Context(), "bad"); err == nil {
		t.Error("a restart into the same crash reported success")
	} else if e := (*supervisor.RestartError)(nil); !errors.As(err, &e) || e.Component != "bad" || e.PreviousServes {
		t.Errorf("restart: %v", err)
	}
	if err := os.WriteFile(marker, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := s.Restart(t.Context(), "bad"); err != nil {
		t.Fatal(err)
	}
	if st := s.status("bad"); st.State != supervisor.StateReady || st.Budget.Deaths != 0 {
		t.Errorf("after the restart: %+v", st)
	}
}

func TestACommandThatCannotBeStartedSaysWhy(t *testing.T) {
	for name, p := range map[string]supervisor.Process{
		"no such program":     {Path: "no-such-program"},
		"no such directory":   {Path: "true", Dir: "/no/such/dir"},
		"not an executable":   {Path: "/etc/passwd"},
		"relative to nowhere": {Path: "./nothing", Dir: "/"},
	} {
		t.Run(name, func(t *testing.T) {
			s := begin(t, supervisor.Options{}, supervisor.Spec{Name: "x", Runner: p})
			<-s.StartFailed()
			var e *supervisor.StartError
			if !errors.As(s.StartError(), &e) || e.Exit.Reason != supervisor.NotStarted || e.Exit.Err == "" {
				t.Errorf("StartError is %v", s.StartError())
			}
		})
	}
}

func TestNotReadyInTimeFailsTheStart(t *testing.T) {
	output := newCapture()
	s := begin(t, supervisor.Options{}, supervisor.Spec{
		Name: "api", ReadyTimeout: 3 * time.Second, Runner: fakeProcess(t, output, "--never-ready", "--spew=3"),
	})
	<-s.StartFailed()
	var e *supervisor.StartError
	if !errors.As(s.StartError(), &e) || e.Exit.Reason != supervisor.NotReady {
		t.Fatalf("StartError is %v", s.StartError())
	}
	if !slices.Equal(e.Lines, []string{"line 0", "line 1", "line 2"}) {
		t.Errorf("last lines %q", e.Lines)
	}
	if !strings.Contains(output.String(), "goroutine 1 ") {
		t.Errorf("the log has no goroutine dump: %s", output)
	}
}

func TestAHungComponentIsDumpedAndRestarted(t *testing.T) {
	output := newCapture()
	runner := runnerFunc(func(gen supervisor.Generation) supervisor.Process {
		if gen.Number > 1 {
			return fakeProcess(t, newCapture(), "--alive=5ms")
		}
		return fakeProcess(t, output, "--hang", "--no-newline=thinking")
	})
	s := begin(t, supervisor.Options{}, supervisor.Spec{
		Name: "consumer", Alive: true, Runner: runner,
		Health: supervisor.Health{Every: 30 * time.Millisecond, Timeout: 30 * time.Millisecond},
	}).started()
	waittest.For(t, "the second generation is ready", func() bool { return s.status("consumer").Generation == 2 })
	record := mustWhy(t, s, "consumer")
	if record.Exit.Reason != supervisor.Hung || len(record.Probes) != 3 || record.Probes[2].Err == "" {
		t.Errorf("crash record %+v", record)
	}
	if !slices.Equal(record.Lines, []string{}) && !slices.Equal(record.Lines, []string{"thinking"}) {
		t.Errorf("kept lines %q", record.Lines)
	}
	if !strings.Contains(output.String(), "goroutine 1 ") {
		t.Error("the log has no goroutine dump")
	}
	// The second reports, and stays.
	s.waitState("consumer", supervisor.StateReady)
}

func TestAStoppedProcessIsNotIll(t *testing.T) {
	s := begin(t, supervisor.Options{}, supervisor.Spec{
		Name: "consumer", Alive: true, Runner: fakeProcess(t, newCapture(), "--alive=5ms"),
		Health: supervisor.Health{Every: 20 * time.Millisecond, Timeout: 20 * time.Millisecond, Misses: 2},
	}).started()
	pid := s.status("consumer").PID
	kill(t, pid, syscall.SIGSTOP)
	if st := s.waitState("consumer", supervisor.StateUnhealthy); !st.Suspended {
		t.Errorf("status %+v", st)
	}
	kill(t, pid, syscall.SIGCONT)
	if st := s.waitState("consumer", supervisor.StateReady); st.PID != pid || st.Generation != 1 {
		t.Errorf("it was restarted: %+v", st)
	}
}

func TestUserCommandsAreReadyWhenTheySay(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	quiet := shell("exec sleep 600")
	own := fmt.Sprintf("127.%d.%d.1:8765", 1+os.Getpid()>>8&127, os.Getpid()&255)
	listening := shell("/proc/" + strconv.Itoa(os.Getpid()) + "/exe --listen=" + own + "; true") // a child of the command's
	listening.Env = append(listening.Env, fakeVariable+"=1")
	for name, tt := range map[string]struct {
		process supervisor.Process
		ready   *supervisor.Check
		never   bool
	}{
		"once running":         {process: quiet},
		"a line":               {process: shell("echo hello; echo now listening on 1; exec sleep 600"), ready: &supervisor.Check{Log: regexp.MustCompile("listening")}},
		"a line on stderr":     {process: shell("echo listening >&2; exec sleep 600"), ready: &supervisor.Check{Log: regexp.MustCompile("listening")}},
		"a line without end":   {process: shell("printf listening; exec sleep 600"), ready: &supervisor.Check{Log: regexp.MustCompile("listening")}},
		"another line":         {process: shell("echo hello; exec sleep 600"), ready: &supervisor.Check{Log: regexp.MustCompile("listening")}, never: true},
		"tcp":                  {process: listening, ready: &supervisor.Check{TCP: own}},
		"tcp of another":       {process: quiet, ready: &supervisor.Check{TCP: l.Addr().String()}, never: true},
		"a command":            {process: quiet, ready: &supervisor.Check{Exec: []string{"sh", "-c", "true"}}},
		"a command that fails": {process: quiet, ready: &supervisor.Check{Exec: []string{"sh", "-c", "echo no; false"}}, never: true},
		"tcp that refuses":     {process: quiet, ready: &supervisor.Check{TCP: "127.0.0.1:1"}, never: true},
		"http without answer":  {process: quiet, ready: &supervisor.Check{HTTP: "http://" + l.Addr().String()}, never: true},
	} {
		t.Run(name, func(t *testing.T) {
			tt.process.Ready = tt.ready
			timeout := waitTime
			if tt.never {
				timeout = 300 * time.Millisecond
			}
			s := begin(t, supervisor.Options{}, supervisor.Spec{Name: "mailer", ReadyTimeout: timeout, Runner: tt.process})
			select {
			case <-s.Started():
				if tt.never {
					t.Error("it was taken for ready")
				}
			case <-s.StartFailed():
				if !tt.never {
					t.Error(s.StartError())
				}
			}
		})
	}
}

func TestAStopSignalOfChoice(t *testing.T) {
	output := newCapture()
	p := shell(`trap 'echo interrupted; exit 0' INT; trap '' TERM; echo up; while :; do sleep 0.01; done`)
	p.Output, p.Ready = output.open, &supervisor.Check{Log: regexp.MustCompile("up")}
	s := begin(t, supervisor.Options{}, supervisor.Spec{Name: "m", StopSignal: syscall.SIGINT, Runner: p}).started()
	if e := s.stop()["m"]; e.How != supervisor.OutcomeStopped || !strings.Contains(output.String(), "interrupted") {
		t.Errorf("ended as %+v, output %q", e, output)
	}
}

func TestChildrenInheritNothingElse(t *testing.T) {
	_, socket := heldSocket(t)
	output := newCapture()
	p := fakeProcess(t, output, "--spawn-grandchild=--hang=false")
	p.Sockets = holding(socket)
	s := begin(t, supervisor.Options{}, supervisor.Spec{Name: "api", Runner: p}).started()
	grandchild := output.grandchildPID(t)
	environ, err := os.ReadFile(fmt.Sprintf("/proc/%d/environ", grandchild))
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(environ), "TASKCTL_CHILD=") {
		t.Error("a command inherited the wiring")
	}
	fds, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", grandchild))
	if err != nil {
		t.Fatal(err)
	}
	for _, fd := range fds {
		if to, err := os.Readlink(fmt.Sprintf("/proc/%d/fd/%s", grandchild, fd.Name())); err == nil && strings.HasPrefix(to, "socket:") {
			t.Errorf("a command inherited %s as %s", to, fd.Name())
		}
	}
	stdin, err := os.Readlink(fmt.Sprintf("/proc/%d/fd/0", s.status("api").PID))
	if err != nil || stdin != os.DevNull {
		t.Errorf("stdin is %s, %v", stdin, err)
	}
}
