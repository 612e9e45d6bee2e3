//go:build linux

package chaos

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"syscall"
	"testing"

	"taskctl/pkg/store/postgrestest"
)

// isolated reports whether this process is the first of a process namespace of its
// own, as isolate starts it.
func isolated() bool { return os.Getpid() == 1 }

// isolate runs this test again in new network, mount and process namespaces. When that
// process ends, the kernel ends every other process in them and removes their networks.
func isolate(t *testing.T, seed uint64) {
	t.Helper()
	if os.Getuid() != 0 {
		skip(t, "namespaces need root")
	}
	if _, err := os.Stat("/dev/net/tun"); err != nil {
		skip(t, "the network of the hosts needs /dev/net/tun: "+err.Error())
	}
	cmd := exec.Command("/proc/self/exe", "-test.run=^"+t.Name()+"$", "-test.v", fmt.Sprintf("-test.timeout=%v", *hostsDuration+hostsExtra),
		"-chaos.binary="+binary, fmt.Sprintf("-hosts.duration=%v", *hostsDuration), fmt.Sprintf("-chaos.seed=%d", seed))
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags: syscall.CLONE_NEWNET | syscall.CLONE_NEWPID | syscall.CLONE_NEWNS,
		Pdeathsig:  syscall.SIGKILL,
	}
	runtime.LockOSThread() // the process is killed when the thread that started it ends
	defer runtime.UnlockOSThread()
	out, err := cmd.CombinedOutput()
	switch {
	case errors.Is(err, syscall.EPERM):
		skip(t, "namespaces are not permitted here")
	case err != nil:
		t.Errorf("%v\n%s", err, out)
	default:
		t.Logf("%s", out)
	}
}

// skip skips a test, or fails it in an environment that must have everything it needs.
func skip(t *testing.T, reason string) {
	t.Helper()
	if os.Getenv(postgrestest.Required) != "" {
		t.Fatal(reason)
	}
	t.Skip(reason)
}

// ownProc mounts /proc again, because the process namespace has its own pids.
func ownProc(t *testing.T) {
	t.Helper()
	err := syscall.Mount("", "/", "", syscall.MS_REC|syscall.MS_PRIVATE, "")
	if err == nil {
		err = syscall.Mount("proc", "/proc", "proc", 0, "")
	}
	if err != nil {
		t.Fatalf("mount /proc: %v", err)
	}
}
