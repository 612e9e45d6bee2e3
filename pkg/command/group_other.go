//go:build !unix

package command

import (
	"os/exec"
	"syscall"
)

// setProcessGroup does nothing: there are no process groups here.
func setProcessGroup(*exec.Cmd) {}

func signalGroup(cmd *exec.Cmd, sig syscall.Signal) error { return cmd.Process.Signal(sig) }
