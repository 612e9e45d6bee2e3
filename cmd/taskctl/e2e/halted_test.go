package e2e

import (
	"strings"
	"syscall"
	"testing"

	"taskctl/cmd/taskctl/e2etest"

	"taskctl/pkg/wait/waittest"
)

// Ctrl+S pauses a terminal and Ctrl+Q continues it.
const (
	ctrlS = 0x13
	ctrlQ = 0x11
)

// A paused terminal must not block the launcher.
func TestHaltedTerminal(t *testing.T) {
	dir, p := started(t, "--no-test-task")
	if _, err := p.tty.Write([]byte{ctrlS}); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"api", "consumer", "api", "wsserver"} {
		before := statusOf(t, dir).pid(name)
		kill(t, before)
		waittest.For(t, name+" to be ready again", func() bool {
			s := statusOf(t, dir)
			return s.State == "ready" && s.pid(name) != before
		})
	}
	if strings.Contains(p.out.String(), "died") {
		t.Error("the terminal is not halted")
	}
	if out, errs, code := run(t, dir, "stop"); code != 0 || !strings.Contains(out, "nothing left running") {
		t.Errorf("stop exits %d: %s%s", code, out, errs)
	}
	if _, err := p.tty.Write([]byte{ctrlQ}); err != nil {
		t.Fatal(err)
	}
	p.exit(t)
}

// An interrupted wait is not a success, although the stop continues.
func TestInterruptedStop(t *testing.T) {
	dir := e2etest.Dir(t)
	writeConfig(t, dir, `stop.timeout: 30s
components:
  - {name: stubborn, command: [sh, -c, "trap '' TERM; echo set; exec sleep 600"], ready: {log: set}}
`)
	p := startedIn(t, dir, "--no-test-task")
	stubborn := statusOf(t, dir).pid("stubborn")
	stop := piped(t, dir, nil, "stop")
	stop.out.await(t, "waiting for stubborn")
	stop.signal(t, syscall.SIGINT)
	if code := stop.exit(t); code != 1 {
		t.Errorf("the interrupted stop exits %d, want 1", code)
	}
	kill(t, stubborn)
	if code := p.exit(t); code != 0 {
		t.Errorf("start exits %d", code)
	}
}
