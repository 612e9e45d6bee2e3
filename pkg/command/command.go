// Package command runs a user's command for one event: in a process group of its own,
// so that its child processes are stopped with it.
package command

import (
	"context"
	"os/exec"
	"runtime"
	"syscall"
	"time"
)

// stopTimeout is how long a command may take to end after SIGTERM.
const stopTimeout = 5 * time.Second

// Shell returns the arguments that run a command line in the system's shell.
func Shell(line string) []string {
	if runtime.GOOS == "windows" {
		return []string{"cmd", "/C", line}
	}
	return []string{"sh", "-c", line}
}

// Run runs the command that prepare completes. When ctx ends, the command's process
// group gets a SIGTERM, and a SIGKILL after stopTimeout or when the command has exited.
func Run(ctx context.Context, args []string, prepare func(*exec.Cmd)) error {
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	prepare(cmd)
	setProcessGroup(cmd)
	cmd.Cancel = func() error { return signalGroup(cmd, syscall.SIGTERM) }
	cmd.WaitDelay = stopTimeout
	err := cmd.Run()
	if ctx.Err() != nil && cmd.Process != nil {
		_ = signalGroup(cmd, syscall.SIGKILL) // processes that the command left behind
	}
	return err
}
