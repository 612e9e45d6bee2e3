//go:build linux

package supervisor_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"taskctl/pkg/supervisor"

	"taskctl/pkg/wait/waittest"
)

// launch is a launcher to be killed. It has a hanging component of ours with a
// grandchild, and a user's command with a grandchild that has left its session.
func launch(path string, switches []string) int {
	runState, err := supervisor.OpenRunState(path)
	if err != nil {
		panic(err)
	}
	ours, users := newCapture(), newCapture()
	env := append(os.Environ(), fakeVariable+"=1")
	sup, err := supervisor.New([]supervisor.Spec{
		{Name: "ours", Runner: supervisor.Process{
			Path: "/proc/self/exe", Args: []string{"--hang", "--spawn-grandchild=--ignore-term"}, Env: env, Output: ours.open, Ours: true,
		}},
		{Name: "users", After: []string{"ours"}, Runner: supervisor.Process{
			Path: "/proc/self/exe", Args: append([]string{"--spawn-grandchild=--ignore-term"}, switches...), Env: env, Output: users.open,
		}},
	}, supervisor.Options{RunState: runState})
	if err != nil {
		panic(err)
	}
	go func() {
		<-sup.Started()
		for _, st := range sup.Status() {
			fmt.Println(st.Name, st.PID)
		}
		for name, c := range map[string]*capture{"ours-grandchild": ours, "users-grandchild": users} {
			for !strings.Contains(c.String(), "grandchild ") {
				time.Sleep(time.Millisecond)
			}
			_, rest, _ := strings.Cut(c.String(), "grandchild ")
			fmt.Println(name, strings.Fields(rest)[0])
		}
		fmt.Println("done 0")
	}()
	_ = sup.Run(context.Background())
	return 0
}

// killedLauncher starts a launcher, kills it, and returns what it had started;
// users are further switches of the user's command.
func killedLauncher(t *testing.T, runState string, users ...string) map[string]int {
	t.Helper()
	cmd := exec.Command("/proc/self/exe", append([]string{"launch", runState}, users...)...)
	cmd.Env = append(os.Environ(), fakeVariable+"=1")
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	pids := make(map[string]int)
	for lines := bufio.NewScanner(out); lines.Scan(); {
		name, digits, _ := strings.Cut(lines.Text(), " ")
		if name == "done" {
			break
		}
		if pids[name], err = strconv.Atoi(digits); err != nil {
			t.Fatal(err)
		}
		reap(t, pids[name])
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	if len(pids) != 4 {
		t.Fatalf("started %v", pids)
	}
	return pids
}

func TestNothingOutlivesAKilledLauncher(t *testing.T) {
	runState := filepath.Join(t.TempDir(), "run.json")
	pids := killedLauncher(t, runState, "--setsid-grandchild")
	killed := time.Now()
	for _, name := range []string{"ours", "ours-grandchild", "users"} {
		waittest.For(t, name+" is gone", func() bool { return !live(pids[name]) })
	}
	if took := time.Since(killed); took > 3*time.Second {
		t.Errorf("it took %v", took)
	}
	if !live(pids["users-grandchild"]) {
		t.Skip("something else ends orphans here")
	}

	left, err := supervisor.Leftovers(runState)
	if err != nil || len(left) != 1 || left[0].PID != pids["users-grandchild"] || left[0].Component != "users" {
		t.Fatalf("leftovers %+v, %v", left, err)
	}
	swept, err := supervisor.Sweep(t.Context(), runState, 50*time.Millisecond)
	if err != nil || len(swept) != 1 || swept[0].PID != pids["users-grandchild"] || !swept[0].Killed {
		t.Errorf("swept %+v, %v", swept, err)
	}
	if live(pids["users-grandchild"]) {
		t.Error("the sweep left it")
	}
}

func TestSweepEndsWhatIsStillDraining(t *testing.T) {
	runState := filepath.Join(t.TempDir(), "run.json")
	pids := killedLauncher(t, runState, "--setsid-grandchild")
	swept, err := supervisor.Sweep(t.Context(), runState, 20*time.Millisecond)
	if err != nil || len(swept) == 0 {
		t.Errorf("swept %+v, %v", swept, err)
	}
	for name, pid := range pids {
		if live(pid) {
			t.Errorf("the sweep left %s", name)
		}
	}
	if again, err := supervisor.Sweep(t.Context(), runState, time.Second); err != nil || len(again) != 0 {
		t.Errorf("a second sweep found %+v, %v", again, err)
	}
}

func TestSweepTouchesNobodyElse(t *testing.T) {
	bystander := exec.Command("sleep", "600")
	bystander.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := bystander.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = bystander.Process.Kill(); _ = bystander.Wait() })
	pid := bystander.Process.Pid

	path := filepath.Join(t.TempDir(), "run.json")
	runState, err := supervisor.OpenRunState(path)
	if err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(page map[string]any){
		"a recycled pid": func(page map[string]any) {
			page["processes"] = []map[string]any{{"component": "api", "pid": pid, "started": 1, "pgid": pid}}
		},
		"another boot": func(page map[string]any) {
			page["boot_id"] = "another"
			page["processes"] = []map[string]any{{"component": "api", "pid": pid, "started": started(t, pid), "pgid": pid}}
		},
		"an empty run ID": func(page map[string]any) { page["run_id"] = "" },
	} {
		t.Run(name, func(t *testing.T) {
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			page := make(map[string]any)
			if err := json.Unmarshal(text, &page); err != nil {
				t.Fatal(err)
			}
			change(page)
			text, _ = json.Marshal(page)
			forged := filepath.Join(t.TempDir(), "run.json")
			if err := os.WriteFile(forged, text, 0o600); err != nil {
				t.Fatal(err)
			}
			if swept, err := supervisor.Sweep(t.Context(), forged, 10*time.Millisecond); err != nil || len(swept) > 0 {
				t.Errorf("swept %+v, %v", swept, err)
			}
			if !live(pid) {
				t.Fatal("the sweep killed a bystander")
			}
		})
	}
	if err := runState.Close(); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the run state is still there: %v", err)
	}
}

// started reads a process's start time.
func started(t testing.TB, pid int) uint64 {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		t.Fatal(err)
	}
	fields := strings.Fields(string(text[strings.LastIndexByte(string(text), ')')+1:]))
	n, err := strconv.ParseUint(fields[19], 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestTheRunStateForgetsWhatIsGone(t *testing.T) {
	path := filepath.Join(t.TempDir(), "run.json")
	runState, err := supervisor.OpenRunState(path)
	if err != nil {
		t.Fatal(err)
	}
	recorded := func() []int {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		var page struct{ Processes []struct{ PID int } }
		if err := json.Unmarshal(text, &page); err != nil {
			t.Fatal(err)
		}
		var pids []int
		for _, p := range page.Processes {
			pids = append(pids, p.PID)
		}
		return pids
	}
	s := begin(t, supervisor.Options{RunState: runState}, supervisor.Spec{Name: "api", Runner: fakeProcess(t, newCapture())}).started()
	if pids := recorded(); !slices.Equal(pids, []int{s.status("api").PID}) {
		t.Errorf("recorded %v", pids)
	}
	s.stop()
	if pids := recorded(); len(pids) > 0 {
		t.Errorf("recorded %v", pids)
	}
	if entries, err := os.ReadDir(filepath.Dir(path)); err != nil || len(entries) != 1 {
		t.Errorf("beside the run state lies %v, %v", entries, err)
	}
}

func TestSweepSaysWhenTheRunStateCannotBeRead(t *testing.T) {
	path := filepath.Join(t.TempDir(), "run.json")
	if swept, err := supervisor.Sweep(t.Context(), path, time.Second); err != nil || swept != nil {
		t.Errorf("without a run state: %v, %v", swept, err)
	}
	for _, torn := range []string{"", "{", "\x00\x00\x00"} { // as after a power failure
		if err := os.WriteFile(path, []byte(torn), 0o600); err != nil {
			t.Fatal(err)
		}
		if swept, err := supervisor.Sweep(t.Context(), path, time.Second); err != nil || swept != nil {
			t.Errorf("with a run state of %q: %v, %v", torn, swept, err)
		}
	}
	if _, err := supervisor.Sweep(t.Context(), filepath.Dir(path), time.Second); err == nil {
		t.Error("what cannot be read was taken for an empty runState")
	}
}
