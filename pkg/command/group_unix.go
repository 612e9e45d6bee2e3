//go:build unix

package command

import (
	"os/exec"
	"syscall"
)

// setProcessGroup gives a command a process group of its own, so that its children
// can be stopped with it. Where the system supports it, the command is killed when
// this process dies: otherwise it could finish its event after the next consumer
// has started with later ones.
func setProcessGroup(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	killWithParent(cmd.SysProcAttr)
}

// signalGroup signals the process group of a started command. It fails only if the
// group is empty.
func signalGroup(cmd *exec.Cmd, sig syscall.Signal) error { return syscall.Kill(-cmd.Process.Pid, sig) }
