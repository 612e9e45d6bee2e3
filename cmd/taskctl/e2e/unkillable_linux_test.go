package e2e

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"

	"taskctl/cmd/taskctl/e2etest"
	"taskctl/pkg/wait/waittest"
)

// rootProgram makes itself root, if its file is setuid, and then sleeps.
const rootProgram = `package main

import (
	"fmt"
	"os"
	"syscall"
	"time"
)

func main() {
	if err := syscall.Setresuid(0, 0, 0); err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	fmt.Println("runs as root")
	if len(os.Args) == 1 {
		time.Sleep(time.Hour)
	}
}
`

// TestComponentThatMayNotBeKilled stops a system whose launcher is not root and whose
// component has made itself root. The stop ends, and names the process that is left.
func TestComponentThatMayNotBeKilled(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can make a program that runs as root whoever starts it")
	}
	dir := e2etest.Dir(t)
	for _, d := range []string{filepath.Dir(dir), filepath.Dir(binary)} { // temporary directories are private
		if err := os.Chmod(d, 0o755); err != nil { // nobody has to enter it
			t.Fatal(err)
		}
	}
	program := buildRootProgram(t, dir)
	if out, code := runAsNobody(t, dir, program, "and end"); code != 0 {
		t.Skip("a setuid program does not run as root here: " + out)
	}
	writeConfig(t, dir, `start: {test_task: false}
components:
  - {name: rooted, command: [`+program+`], ready: {log: runs as root}, stop: {timeout: 100ms}}
`)
	giveToNobody(t, dir, program)

	var left []int
	t.Cleanup(func() {
		for _, pid := range left {
			_ = syscall.Kill(pid, syscall.SIGKILL)
		}
	})
	if out, code := runAsNobody(t, dir, binary, "start", "--detach"); code != 0 {
		t.Fatalf("start exits %d: %s", code, out)
	}
	left = append(left, rootedPID(t, dir))
	out, code := runAsNobody(t, dir, binary, "stop")
	if code != 4 {
		t.Errorf("stop exits %d, want 4", code)
	}
	want(t, out, `rooted +.*could not be killed.*rooted \(root\)`)

	out, code = runAsNobody(t, dir, binary, "start", "--detach")
	if code != 0 {
		t.Errorf("the next start exits %d", code)
	}
	want(t, out, `cannot be ended: \d+ rooted \(root\)`)
	left = append(left, rootedPID(t, dir))
	if out, code = runAsNobody(t, dir, binary, "stop"); code != 4 {
		t.Errorf("the next stop exits %d, want 4: %s", code, out)
	}
}

func rootedPID(t *testing.T, dir string) int {
	t.Helper()
	var s status
	out, _ := runAsNobody(t, dir, binary, "status", "--json")
	if err := json.Unmarshal([]byte(out), &s); err != nil || s.pid("rooted") == 0 {
		t.Fatalf("%v: %s", err, out)
	}
	return s.pid("rooted")
}

func buildRootProgram(t *testing.T, dir string) string {
	t.Helper()
	source, program := filepath.Join(t.TempDir(), "main.go"), filepath.Join(dir, "rooted")
	if err := os.WriteFile(source, []byte(rootProgram), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("go", "build", "-o", program, source).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if err := os.Chmod(program, os.ModeSetuid|0o755); err != nil { // that is what it is for
		t.Fatal(err)
	}
	return program
}

// giveToNobody changes the owner of all below dir, except one file.
func giveToNobody(t *testing.T, dir, except string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
		if path == except {
			return err
		}
		return errors.Join(err, os.Lchown(path, nobody, nobody))
	})
	if err != nil {
		t.Fatal(err)
	}
}

func runAsNobody(t *testing.T, dir, program string, args ...string) (out string, code int) {
	t.Helper()
	cmd := exec.Command(program, args...)
	cmd.Dir, cmd.Env = dir, append(e2etest.Environ(), "HOME="+dir)
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	var o output
	cmd.Stdout, cmd.Stderr = &o, &o
	cmd.WaitDelay = waittest.Timeout
	err := cmd.Run()
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return o.String(), cmd.ProcessState.ExitCode()
}
