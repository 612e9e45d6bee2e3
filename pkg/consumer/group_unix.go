//go:build unix

package consumer

import (
	"os/exec"
	"syscall"
)

// ownGroup gives a command a process group of its own, so that what it starts can
// be stopped with it. It dies with this process where the system can do that: one
// that ran on would finish its event after the next consumer has begun with others.
func ownGroup(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	dieWithParent(cmd.SysProcAttr)
}

// signalGroup signals the group of a command that has been started. It fails only
// where nobody is left in it.
func signalGroup(cmd *exec.Cmd, sig syscall.Signal) error { return syscall.Kill(-cmd.Process.Pid, sig) }
