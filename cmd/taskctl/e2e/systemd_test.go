package e2e

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"taskctl/cmd/taskctl/e2etest"
	"taskctl/pkg/wait/waittest"
)

// TestSystemdNotification starts taskctl as systemd starts a unit with Type=notify, and
// checks that the launcher, and only the launcher, reports readiness, changes and the
// stop.
func TestSystemdNotification(t *testing.T) {
	dir := t.TempDir()
	address := filepath.Join(dir, "notify")
	manager, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: address, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	defer manager.Close()
	p := piped(t, dir, []string{"NOTIFY_SOCKET=" + address, "WATCHDOG_USEC=200000"}, "start", "--no-test-task")

	await := func(want string) string {
		t.Helper()
		if err := manager.SetReadDeadline(time.Now().Add(waittest.Timeout)); err != nil {
			t.Fatal(err)
		}
		for buf := make([]byte, 4096); ; {
			n, err := manager.Read(buf)
			if err != nil {
				t.Fatalf("waiting for %q: %v", want, err)
			}
			if message := string(buf[:n]); strings.Contains(message, want) {
				return message
			}
		}
	}
	await("WATCHDOG=1") // also while it starts
	ready := await("READY=1")
	if want := fmt.Sprintf("MAINPID=%d", p.cmd.Process.Pid); !strings.Contains(ready, want) || !strings.Contains(ready, "STATUS=http://") {
		t.Errorf("ready: %q, want %s and the address", ready, want)
	}
	for _, c := range statusOf(t, dir).Components {
		env, err := os.ReadFile(fmt.Sprintf("/proc/%d/environ", c.PID))
		if err != nil {
			t.Skipf("no /proc here: %v", err)
		}
		if strings.Contains(string(env), "NOTIFY_SOCKET") {
			t.Errorf("%s has NOTIFY_SOCKET in its environment", c.Name)
		}
	}
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	await("STOPPING=1")
	if code := p.exit(t); code != 0 {
		t.Errorf("exit code %d", code)
	}
}

// TestSystemdCrash ends the launcher as the watchdog of systemd does. An exit code of 2
// would mean a mistake in the settings, after which the unit is not restarted.
func TestSystemdCrash(t *testing.T) {
	dir := e2etest.Dir(t)
	address := filepath.Join(dir, "notify")
	manager, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: address, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	defer manager.Close()
	p := piped(t, dir, []string{"NOTIFY_SOCKET=" + address}, "start", "--no-test-task")
	p.out.await(t, "all ready")
	p.signal(t, syscall.SIGABRT)
	p.exit(t)
	if status := p.cmd.ProcessState.Sys().(syscall.WaitStatus); !status.Signaled() || status.Signal() != syscall.SIGABRT {
		t.Errorf("the launcher ended by %v", p.cmd.ProcessState)
	}
}
