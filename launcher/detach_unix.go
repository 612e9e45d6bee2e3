//go:build unix

package launcher

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"
)

// detachVar names the descriptor on which a detached launcher reports that it is ready.
// No component inherits it.
const detachVar = "TASKCTL_DETACHED"

// Detach runs the launcher as a new process in a session of its own, and returns when
// that launcher is ready or has ended. If it has ended, Detach returns its exit code,
// or [ErrStoppedBeforeReady] if another process stopped it. When ctx ends, the launcher
// is asked to stop.
func Detach(ctx context.Context, d DetachOptions) (exitCode int, err error) {
	readyR, readyW, err := os.Pipe()
	if err != nil {
		return 0, fmt.Errorf("detach: %w", err)
	}
	defer readyR.Close() //nolint:errcheck // only read from

	cmd := exec.Command(d.Executable, d.Args...)
	cmd.Args[0] = "taskctl" // instead of the path, which may be /proc/self/exe
	cmd.Env = append(os.Environ(), detachVar+"=3")
	cmd.ExtraFiles = []*os.File{readyW}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	outR, err := cmd.StdoutPipe()
	if err != nil {
		return 0, fmt.Errorf("detach: %w", err)
	}
	errR, err := cmd.StderrPipe()
	if err != nil {
		return 0, fmt.Errorf("detach: %w", err)
	}
	if err := cmd.Start(); err != nil {
		return 0, fmt.Errorf("detach: %w", err)
	}
	_ = readyW.Close()
	ended := make(chan struct{})
	defer close(ended)
	go func() {
		for interrupt := ctx.Done(); ; interrupt = d.Again {
			select {
			case <-interrupt:
				_ = cmd.Process.Signal(syscall.SIGTERM) // fails if it has just ended, which Wait reports
			case <-ended:
				return
			}
		}
	}()

	// The launcher closes both streams when it is ready or ends.
	var copies sync.WaitGroup
	copies.Go(func() { _, _ = io.Copy(d.Stdout, outR) })
	copies.Go(func() { _, _ = io.Copy(d.Stderr, errR) })
	report, _ := bufio.NewReader(readyR).ReadString('\n')
	copies.Wait()
	if strings.TrimSpace(report) == "ready" {
		return 0, cmd.Process.Release()
	}
	return awaitExit(ctx, cmd)
}

// awaitExit returns the exit code of a launcher that did not become ready.
func awaitExit(ctx context.Context, cmd *exec.Cmd) (code int, err error) {
	err = cmd.Wait()
	var exit *exec.ExitError
	switch {
	case err == nil && ctx.Err() == nil:
		return 0, ErrStoppedBeforeReady
	case err == nil:
		return 0, nil
	case errors.As(err, &exit) && exit.ExitCode() >= 0:
		return exit.ExitCode(), nil
	case errors.As(err, &exit):
		err = fmt.Errorf("pid %d was ended as it started (%w); `taskctl logs launcher` has what it wrote", exit.Pid(), exit)
	}
	return 0, fmt.Errorf("wait for the launcher: %w", err)
}

// Detached returns a function that a detached launcher calls when it is ready: it
// closes the streams and notifies the waiting process. It returns nil if this launcher
// is not detached.
func Detached(getenv func(string) string) func() error {
	fd, err := strconv.Atoi(getenv(detachVar))
	if err != nil {
		return nil
	}
	_ = os.Unsetenv(detachVar)
	unix.CloseOnExec(fd)
	return func() error {
		null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
		if err != nil {
			return fmt.Errorf("close the terminal: %w", err)
		}
		defer null.Close() //nolint:errcheck // nothing was written to it
		for _, stream := range []int{1, 2} {
			if err := dupOver(int(null.Fd()), stream); err != nil {
				return fmt.Errorf("close the terminal: %w", err)
			}
		}
		pipe := os.NewFile(uintptr(fd), "ready")
		_, err = pipe.WriteString("ready\n")
		return errors.Join(err, pipe.Close())
	}
}

// IsDetached reports whether this process is a detached launcher.
func IsDetached(getenv func(string) string) bool { return getenv(detachVar) != "" }
