// Package test looks at the whole of taskctl from where its users are: in a real
// browser, and over HTTP with the API's own description in hand. It is a module of
// its own, so that nobody downloads a browser's protocol to build taskctl.
package test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// binary is the taskctl under test: the shipped one, built once.
var binary string

func TestMain(m *testing.M) {
	os.Exit(run(m))
}

func run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "taskctl-test-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer func() { _ = os.RemoveAll(dir) }()
	binary = filepath.Join(dir, "taskctl")
	build := exec.Command("go", "build", "-o", binary, "./cmd/taskctl")
	build.Dir = ".."
	if out, err := build.CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "build taskctl: %v\n%s", err, out)
		return 1
	}
	closeBrowser, err := openBrowser(filepath.Join(dir, "profile"))
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer closeBrowser()
	return m.Run()
}

// waitTimeout bounds every wait: far beyond what a loaded machine takes.
const waitTimeout = 20 * time.Second

// eventually polls a condition that no channel tells of.
func eventually(t testing.TB, what string, condition func() bool) {
	t.Helper()
	deadline := time.NewTimer(waitTimeout)
	defer deadline.Stop()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !condition() {
		select {
		case <-tick.C:
		case <-deadline.C:
			t.Fatalf("timeout after %v: %s", waitTimeout, what)
		}
	}
}
