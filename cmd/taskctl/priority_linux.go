package main

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"strconv"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

const (
	// lowestPriority is the largest nice value.
	lowestPriority = 19
	// autogroup is the nice value of this process's session, where the kernel divides
	// the CPU between sessions first (sched(7), "The autogroup feature").
	autogroup = "/proc/self/autogroup"
	// interruptTimeout is how long the command has to remove what it began to write.
	interruptTimeout = 5 * time.Second
)

// inOwnSession does the work of this command in a session of its own: the command runs
// again unless it leads one already. A lower priority counts only within a session
// unless the whole session has it.
func (p *program) inOwnSession(ctx context.Context, work func() error) error {
	session, err := unix.Getsid(0)
	if _, missing := os.Stat(autogroup); missing != nil || err != nil || session == os.Getpid() {
		return work()
	}
	cmd := exec.CommandContext(ctx, "/proc/self/exe", os.Args[1:]...) //nolint:gosec // this program again, with its own arguments
	cmd.Args[0] = os.Args[0]
	cmd.Stdout, cmd.Stderr = p.stdout, p.stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Pdeathsig: syscall.SIGKILL}
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGINT) }
	cmd.WaitDelay = interruptTimeout
	err = cmd.Run()
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) && exit.Exited() {
		return exitStatus(exit.ExitCode())
	}
	return err
}

// lowerPriority lets this process run only when no other needs the CPU: it sets the
// nice values of the session and of each thread, which new threads inherit. Where that
// is refused, other processes only wait longer.
func lowerPriority() {
	_ = os.WriteFile(autogroup, []byte(strconv.Itoa(lowestPriority)), 0)
	threads, err := os.ReadDir("/proc/self/task")
	if err != nil {
		return
	}
	for _, thread := range threads {
		if id, err := strconv.Atoi(thread.Name()); err == nil {
			_ = unix.Setpriority(unix.PRIO_PROCESS, id, lowestPriority)
		}
	}
}
