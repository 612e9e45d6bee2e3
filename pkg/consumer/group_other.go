//go:build !unix

package consumer

import (
	"os/exec"
	"syscall"
)

// ownGroup does nothing: there are no process groups here.
func ownGroup(*exec.Cmd) {}

func signalGroup(cmd *exec.Cmd, sig syscall.Signal) error { return cmd.Process.Signal(sig) }
