package e2e

import (
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/taskctl/taskctl/cmd/taskctl/e2etest"
)

// TestStoppedIsNotHung holds a component that somebody has stopped apart from
// one that hangs: it is left alone, and everybody is told why it is silent.
func TestStoppedIsNotHung(t *testing.T) {
	t.Parallel() // it mostly waits
	dir, p := started(t, "--no-test-task")
	pid := statusOf(t, dir).pid("api")
	if err := syscall.Kill(pid, syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	p.out.await(t, "api is stopped by a signal")
	out, _, code := run(t, dir, "status")
	if code != 8 || !strings.Contains(out, "unhealthy") || !strings.Contains(out, "api is stopped by a signal") {
		t.Errorf("status exits %d: %s; want 8, and why it does not answer", code, out)
	}
	if err := syscall.Kill(pid, syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	p.out.await(t, "api goes on and answers again")
	if s := statusOf(t, dir); s.State != "ready" || s.pid("api") != pid {
		t.Errorf("afterwards it is %s with pid %d, want ready with pid %d", s.State, s.pid("api"), pid)
	}
}

// TestHungIsRestarted makes the api deaf: it may open no more files, so it
// accepts no connection. It must show where it hangs, and be replaced.
func TestHungIsRestarted(t *testing.T) {
	t.Parallel() // it mostly waits
	dir, p := started(t, "--no-test-task")
	s := statusOf(t, dir)
	if err := unix.Prlimit(s.pid("api"), unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: 3, Max: 3}, nil); err != nil {
		t.Skipf("no limit for another process here: %v", err)
	}
	p.out.await(t, "api does not answer; it writes down its goroutines")
	p.out.await(t, "api is ready again")
	e2etest.WaitFor(t, "the dump in the log", func() bool {
		log := logOf(t, dir, "api")
		return strings.Contains(log, "SIGQUIT: quit") && strings.Contains(log, "goroutine 1")
	})
	out, _, _ := run(t, dir, "why", "api")
	for _, want := range []string{"did not answer its health checks", "its last health checks", "too many open files", "restarts 1/5 in 60 s"} {
		if !strings.Contains(out, want) {
			t.Errorf("why does not tell %q:\n%s", want, out)
		}
	}
	create(t, s.API, "served again")
}
