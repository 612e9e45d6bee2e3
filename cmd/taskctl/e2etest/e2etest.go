// Package e2etest is what the tests of the built binary share: building it, the
// environment it runs in.
package e2etest

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"taskctl/pkg/wait/waittest"
)

// Build builds taskctl as it is shipped into dir, and returns the file's path.
func Build(dir string) (string, error) {
	binary := filepath.Join(dir, "taskctl")
	if runtime.GOOS == "windows" {
		binary += ".exe"
	}
	out, err := exec.Command("go", "build", "-o", binary, "taskctl/cmd/taskctl").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("build taskctl: %w\n%s", err, out)
	}
	return binary, nil
}

// Main builds taskctl, stores the path of its file in binary, and runs the tests of a
// package, whose TestMain calls it and returns. Package testing exits with their result.
func Main(m *testing.M, binary *string) {
	dir, err := os.MkdirTemp("", "taskctl-e2e-")
	if err != nil {
		panic(err)
	}
	if *binary, err = Build(dir); err != nil {
		panic(err)
	}
	m.Run()
	_ = os.RemoveAll(dir)
}

// Environ is the tests' own environment without anything that would steer taskctl.
func Environ() []string {
	var env []string
	for _, entry := range os.Environ() {
		if !strings.HasPrefix(entry, "TASKCTL_") && !strings.HasPrefix(entry, "LC_") && !strings.HasPrefix(entry, "LANG=") {
			env = append(env, entry)
		}
	}
	return append(env, "TERM=xterm", "TASKCTL_API_ADDR=localhost:0", "TASKCTL_WSSERVER_ADDR=localhost:0")
}

// Gone reports whether no process has that pid any more. A zombie counts as gone
// once its last thread has ended: until then its files and sockets are open.
func Gone(pid int) bool {
	data, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		process, err := os.FindProcess(pid)
		return err != nil || process.Signal(syscall.Signal(0)) != nil
	}
	_, rest, _ := strings.Cut(string(data), ") ")
	threads, _ := os.ReadDir("/proc/" + strconv.Itoa(pid) + "/task") // none: it has gone meanwhile
	return strings.HasPrefix(rest, "Z") && len(threads) <= 1
}

// Dir is a test's own directory, which outlives whatever runs in it: a killed
// launcher's components end by themselves, a moment later than their test.
func Dir(t testing.TB) string {
	t.Helper()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		waittest.For(t, "the end of the processes in "+dir, func() bool { return len(running(dir)) == 0 })
	})
	return dir
}

// running lists the processes that work in dir or below it, which only systems
// with /proc tell; elsewhere it lists none.
func running(dir string) []string {
	links, _ := filepath.Glob("/proc/[0-9]*/cwd") // the pattern is valid
	return slices.DeleteFunc(links, func(link string) bool {
		cwd, err := os.Readlink(link)
		return err != nil || !strings.HasPrefix(cwd+"/", dir+"/") // it has ended, or is another user's
	})
}

// AwaitGone waits for the end of processes.
func AwaitGone(t testing.TB, pids ...int) {
	t.Helper()
	for _, pid := range pids {
		waittest.For(t, fmt.Sprintf("the end of process %d", pid), func() bool { return Gone(pid) })
	}
}
