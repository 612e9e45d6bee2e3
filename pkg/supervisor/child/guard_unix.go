//go:build unix

package child

import (
	"os"
	"syscall"
)

// killOwnGroup ends this process and everything it started. The runner made the process
// the leader of its own group. If it is not the leader, the group belongs to another
// program, and only this process ends.
func killOwnGroup() {
	if syscall.Getpgrp() != os.Getpid() {
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
		return
	}
	_ = syscall.Kill(0, syscall.SIGKILL)
}
