package launcher

import (
	"context"
	"errors"
	"fmt"
	"os"
	"syscall"
	"time"

	"github.com/taskctl/taskctl/pkg/config"
	"github.com/taskctl/taskctl/pkg/supervisor"
)

const (
	// lockPoll is how often a `stop` looks whether the lock is free: the lock
	// cannot be waited for without taking it from a `start` that waits too.
	lockPoll = 5 * time.Millisecond
	// unanswered is how long a launcher may take to answer on its socket at all.
	unanswered = 2 * time.Second
)

// Ended waits until no launcher holds the directory.
func Ended(ctx context.Context, cfg *config.Config) error {
	for {
		_, err := Owner(cfg)
		if errors.Is(err, ErrNotRunning) {
			return nil
		}
		select {
		case <-time.After(lockPoll):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// Answers reports whether the launcher of the directory answers on its socket.
func (c *Control) Answers(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, unanswered)
	defer cancel()
	_, err := c.Status(ctx)
	return err == nil
}

// Terminate ends a launcher that does not answer, by the pid that holds the
// lock: SIGTERM, and after grace SIGKILL. Then it clears what that launcher
// leaves behind. killed tells that SIGTERM was not enough.
func Terminate(ctx context.Context, cfg *config.Config, grace time.Duration) (killed bool, err error) {
	pid, err := Owner(cfg)
	if err != nil {
		return false, err
	}
	process, err := os.FindProcess(pid)
	if err != nil {
		return false, fmt.Errorf("find the launcher: %w", err)
	}
	wake(process) // a stopped process takes no SIGTERM
	if err := process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return false, fmt.Errorf("end the launcher: %w", err)
	}
	patience, cancel := context.WithTimeout(ctx, grace)
	defer cancel()
	if Ended(patience, cfg) == nil {
		return false, nil
	}
	if ctx.Err() != nil {
		return false, ctx.Err()
	}
	if err := process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return false, fmt.Errorf("kill the launcher: %w", err)
	}
	if err := Ended(ctx, cfg); err != nil {
		return true, err
	}
	hold, err := lock(ctx, cfg) // a start in this instant clears by itself, and records what it starts
	if running := (*AlreadyRunningError)(nil); errors.As(err, &running) {
		return true, nil
	}
	if err != nil {
		return true, err
	}
	_, err = supervisor.Sweep(ctx, cfg.Data(ledgerFile), sweepGrace)
	return true, errors.Join(err, hold.release())
}
