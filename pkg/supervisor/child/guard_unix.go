//go:build unix

package child

import (
	"os"
	"syscall"
)

// killOwnGroup ends this process and everything it started. The runner made
// the process the leader of a group of its own; were it not, the group would be
// somebody else's, and only the process ends.
func killOwnGroup() {
	if syscall.Getpgrp() != os.Getpid() {
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
		return
	}
	_ = syscall.Kill(0, syscall.SIGKILL)
}
