package e2e

import (
	"net"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"taskctl/pkg/wait/waittest"
)

// TestStoppedIsNotHung stops a component by a signal: it is not treated as hung, and
// the messages give the reason for its silence.
func TestStoppedIsNotHung(t *testing.T) {
	t.Parallel() // it mostly waits
	dir, p := started(t, "--no-test-task")
	pid := statusOf(t, dir).pid("api")
	if err := syscall.Kill(pid, syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	p.out.await(t, "api is suspended by a signal")
	out, _, code := run(t, dir, "status")
	if code != 8 || !strings.Contains(out, "unhealthy") || !strings.Contains(out, "api is suspended by a signal") {
		t.Errorf("status exits %d: %s; want 8, and why it does not answer", code, out)
	}
	if err := syscall.Kill(pid, syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	p.out.await(t, "api is no longer suspended and answers again")
	if s := statusOf(t, dir); s.State != "ready" || s.pid("api") != pid {
		t.Errorf("afterwards it is %s with pid %d, want ready with pid %d", s.State, s.pid("api"), pid)
	}
}

// TestHungIsRestarted makes the api hang: it may open no more files, so it cannot
// accept connections. It must dump its goroutines and be replaced.
func TestHungIsRestarted(t *testing.T) {
	t.Parallel() // it mostly waits
	dir, p := started(t, "--no-test-task")
	s := statusOf(t, dir)
	if err := unix.Prlimit(s.pid("api"), unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: 3, Max: 3}, nil); err != nil {
		t.Skipf("no limit for another process here: %v", err)
	}
	conn, err := net.Dial("tcp", strings.TrimPrefix(s.API, "http://")) // that it cannot accept
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	p.out.await(t, "api does not answer; its goroutines are written to its log")
	p.out.await(t, "api is ready again")
	waittest.For(t, "the dump in the log", func() bool {
		log := logOf(t, dir, "api")
		return strings.Contains(log, "SIGQUIT: quit") && strings.Contains(log, "goroutine 1")
	})
	out, _, _ := run(t, dir, "why", "api")
	for _, want := range []string{"did not answer its health checks", "its last health checks", "too many open files", "deaths 1/5 in 60 s"} {
		if !strings.Contains(out, want) {
			t.Errorf("why does not tell %q:\n%s", want, out)
		}
	}
	create(t, s.API, "served again")
}
