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

// detachVar names the descriptor on which a detached launcher says that it is
// ready. It is the launcher's own: no component inherits it.
const detachVar = "TASKCTL_DETACHED"

// Detach runs the launcher again, in a session of its own, and returns once that
// one is ready (0, nil) or has ended (its exit code). What it prints until then
// goes to stdout and stderr. When ctx ends meanwhile it is asked to stop, and each
// time that again yields, once more: it takes that as a second Ctrl+C.
func Detach(ctx context.Context, path string, args []string, stdout, stderr io.Writer, again <-chan struct{}) (exitCode int, err error) {
	readyR, readyW, err := os.Pipe()
	if err != nil {
		return 0, fmt.Errorf("detach: %w", err)
	}
	defer readyR.Close() //nolint:errcheck // only read from

	cmd := exec.Command(path, args...)
	cmd.Args[0] = "taskctl" // not the way to it, which may be /proc/self/exe
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
		for interrupt := ctx.Done(); ; interrupt = again {
			select {
			case <-interrupt:
				_ = cmd.Process.Signal(syscall.SIGTERM) // it may have ended in this instant, which Wait tells
			case <-ended:
				return
			}
		}
	}()

	// The launcher closes both streams when it is ready, and by ending.
	var copies sync.WaitGroup
	copies.Go(func() { _, _ = io.Copy(stdout, outR) })
	copies.Go(func() { _, _ = io.Copy(stderr, errR) })
	word, _ := bufio.NewReader(readyR).ReadString('\n')
	copies.Wait()
	if strings.TrimSpace(word) == "ready" {
		return 0, cmd.Process.Release()
	}
	if err := cmd.Wait(); err != nil {
		if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
			if exit.ExitCode() >= 0 {
				return exit.ExitCode(), nil
			}
			err = fmt.Errorf("pid %d was ended as it started (%w); `taskctl logs launcher` has what it wrote", exit.Pid(), exit)
		}
		return 0, fmt.Errorf("wait for the launcher: %w", err)
	}
	return 0, nil
}

// Detached returns what a detached launcher has to call when it is ready: it lets
// go of the streams and tells the process that waits. nil when not detached.
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
			return fmt.Errorf("let go of the terminal: %w", err)
		}
		defer null.Close() //nolint:errcheck // nothing was written to it
		for _, stream := range []int{1, 2} {
			if err := dupOver(int(null.Fd()), stream); err != nil {
				return fmt.Errorf("let go of the terminal: %w", err)
			}
		}
		pipe := os.NewFile(uintptr(fd), "ready")
		_, err = pipe.WriteString("ready\n")
		return errors.Join(err, pipe.Close())
	}
}
