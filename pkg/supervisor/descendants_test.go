//go:build linux

package supervisor_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"taskctl/pkg/supervisor"
	"taskctl/pkg/wait/waittest"
)

// script runs a shell script whose last line of output is "up PID PID …": ready,
// and the processes that it has started.
func script(t testing.TB, text string, specs ...func(*supervisor.Spec)) (s *system, started []int) {
	t.Helper()
	output := newCapture()
	p := shell(text)
	p.Output, p.Ready = output.open, &supervisor.Check{Log: regexp.MustCompile(`up.*`)}
	spec := supervisor.Spec{Name: "m", MayFail: true, Runner: p, Restart: supervisor.RestartPolicy{Max: 1}, StopTimeout: 300 * time.Millisecond}
	for _, change := range specs {
		change(&spec)
	}
	s = begin(t, supervisor.Options{}, spec)
	up := regexp.MustCompile(`up((?: \d+)*)\n`)
	waittest.For(t, "it is up", func() bool { return up.MatchString(output.String()) })
	for _, field := range strings.Fields(up.FindStringSubmatch(output.String())[1]) {
		pid, err := strconv.Atoi(field)
		if err != nil {
			t.Fatal(err)
		}
		reap(t, pid)
		started = append(started, pid)
	}
	return s, started
}

// The ways in which processes leave the one that started them. Each script starts one
// that sleeps, prints its pid, and continues.
var leavers = map[string]string{
	"a job of a shell with job control": `exec bash -c 'set -m; sleep 600 & echo up $!; wait'`,
	"a session of its own":              `setsid sh -c 'echo $$ >&3; exec sleep 600' 3>pid & while ! [ -s pid ]; do :; done; echo up $(cat pid); wait`,
	"without environment":               `env -i setsid sh -c 'echo $$ >&3; exec sleep 600' 3>pid & while ! [ -s pid ]; do :; done; echo up $(cat pid); wait`,
	"forked twice": `( env -i setsid sh -c 'sleep 600 </dev/null >/dev/null 2>&1 & echo $! >&3' 3>pid & )
		while ! [ -s pid ]; do :; done; echo up $(cat pid); exec sleep 600`,
	"forked twice, ignoring SIGTERM": `( env -i setsid sh -c 'trap "" TERM; sleep 600 </dev/null >/dev/null 2>&1 & echo $! >&3' 3>pid & )
		while ! [ -s pid ]; do :; done; echo up $(cat pid); exec sleep 600`,
}

func TestWhatLeftItsParentEndsWithItsComponent(t *testing.T) {
	for name, text := range leavers {
		for how, end := range map[string]func(*system){
			"stop": func(s *system) { s.stop() },
			"crash": func(s *system) {
				kill(s.t, s.status("m").PID, syscall.SIGKILL)
				s.waitState("m", supervisor.StateFailed)
			},
			"kill": func(s *system) { s.KillNow(); s.stop() },
		} {
			t.Run(name+"/"+how, func(t *testing.T) {
				s, started := script(t, text, func(spec *supervisor.Spec) {
					p := spec.Runner.(supervisor.Process)
					p.Dir = t.TempDir()
					spec.Runner = p
				})
				if len(started) != 1 || !live(started[0]) {
					t.Fatalf("started %v", started)
				}
				end(s)
				if live(started[0]) {
					t.Errorf("%d outlived its component", started[0])
				}
			})
		}
	}
}

func TestAnotherComponentKeepsItsDescendants(t *testing.T) {
	dir := t.TempDir()
	runner := func(name string) supervisor.Process {
		p := shell(`( env -i setsid sh -c 'sleep 600 </dev/null >/dev/null 2>&1 & echo $! >&3' 3>` + name + ` & )
			while ! [ -s ` + name + ` ]; do :; done; echo up; exec sleep 600`)
		p.Dir, p.Ready = dir, &supervisor.Check{Log: regexp.MustCompile("up")}
		return p
	}
	s := begin(t, supervisor.Options{},
		supervisor.Spec{Name: "a", Runner: runner("a")}, supervisor.Spec{Name: "b", Runner: runner("b")},
	).started()
	pids := make(map[string]int)
	for _, name := range []string{"a", "b"} {
		text, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		if pids[name], err = strconv.Atoi(strings.TrimSpace(string(text))); err != nil {
			t.Fatal(err)
		}
		reap(t, pids[name])
	}
	if err := s.Stop(t.Context(), "a"); err != nil {
		t.Fatal(err)
	}
	if live(pids["a"]) || !live(pids["b"]) {
		t.Errorf("after the stop of a: its own lives: %v, that of b: %v", live(pids["a"]), live(pids["b"]))
	}
}

func TestChildrenHaveNoTerminal(t *testing.T) {
	s, _ := script(t, `if (: </dev/tty) 2>/dev/null; then echo up 1; else echo up; fi; exec sleep 600`)
	pid := s.status("m").PID
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		t.Fatal(err)
	}
	fields := strings.Fields(string(text[strings.LastIndexByte(string(text), ')')+1:]))
	if session, terminal := fields[3], fields[4]; session != strconv.Itoa(pid) || terminal != "0" {
		t.Errorf("session %s and terminal %s of %d", session, terminal, pid)
	}
}

func TestACommandInTheBackgroundIsNamed(t *testing.T) {
	command := fmt.Sprintf("sleep 600.%d", os.Getpid()) // not that of another process on the machine
	s, _ := script(t, fmt.Sprintf(`(setsid %[1]s >/dev/null 2>&1 &); while ! pgrep -xf '%[1]s' >/dev/null; do :; done; echo up`, command))
	s.waitState("m", supervisor.StateFailed)
	exit := mustWhy(t, s, "m").Exit
	if len(exit.Background) != 1 || exit.Background[0].Command != "sleep" || !strings.Contains(exit.String(), "background") {
		t.Errorf("exit %+v: %s", exit, exit)
	}
	if live(exit.Background[0].PID) {
		t.Error("it still runs")
	}
}

func TestDescendantsAreRecorded(t *testing.T) {
	path := filepath.Join(t.TempDir(), "run.json")
	state, err := supervisor.OpenRunState(path)
	if err != nil {
		t.Fatal(err)
	}
	p := shell(`sh -c 'sleep 600 & wait' & wait`)
	begin(t, supervisor.Options{RunState: state}, supervisor.Spec{Name: "m", Runner: p}).started()
	waittest.For(t, "three processes are recorded", func() bool {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		var content struct{ Processes []struct{ PID int } }
		if err := json.Unmarshal(text, &content); err != nil {
			t.Fatal(err)
		}
		return len(content.Processes) == 3 && !slices.ContainsFunc(content.Processes, func(p struct{ PID int }) bool { return !live(p.PID) })
	})
}

func TestSweepFindsWhatLeftWithoutATrace(t *testing.T) {
	path := filepath.Join(t.TempDir(), "run.json")
	pids := killedLauncher(t, path, "--setsid-grandchild", "--scrub-grandchild")
	waittest.For(t, "the parent of the one that left is gone", func() bool { return !live(pids["users"]) })
	swept, err := supervisor.Sweep(t.Context(), path, 50*time.Millisecond)
	if err != nil || !slices.ContainsFunc(swept, func(s supervisor.Swept) bool {
		return s.PID == pids["users-grandchild"] && s.Component == "users" && s.Killed && !s.Left
	}) {
		t.Errorf("swept %+v, %v", swept, err)
	}
	if live(pids["users-grandchild"]) {
		t.Error("the sweep left it")
	}
}
