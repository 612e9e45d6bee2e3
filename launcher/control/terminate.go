package control

import (
	"context"
	"errors"
	"fmt"
	"os"
	"syscall"
	"time"

	"taskctl/pkg/config"
	"taskctl/pkg/supervisor"
)

// RunStateFile records the running processes, so that the start after a crash can end
// them.
const RunStateFile = "run.json"

// sweepGrace is how long processes of a dead launcher may take to end by themselves.
// Our components need at most two seconds after their launcher's death.
const sweepGrace = 2 * time.Second

// Sweep ends the processes that a dead launcher left, and returns them. The caller
// holds the lock.
func Sweep(ctx context.Context, cfg *config.Config) ([]supervisor.Swept, error) {
	return supervisor.Sweep(ctx, cfg.Data(RunStateFile), sweepGrace)
}

// Terminate ends a launcher that does not answer: SIGTERM, and after the grace period
// SIGKILL. Then it ends what that launcher left running. killed reports whether SIGKILL
// was necessary.
func Terminate(ctx context.Context, cfg *config.Config, target Instance, grace time.Duration) (killed bool, err error) {
	process, err := os.FindProcess(target.PID)
	if err != nil {
		return false, fmt.Errorf("find the launcher: %w", err)
	}
	defer process.Release() //nolint:errcheck // nothing was started
	// From now on a reuse of the pid is noticed.
	if target.Ended(cfg) {
		return false, nil
	}
	continueProcess(process) // a stopped process does not handle SIGTERM
	if err := process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return false, fmt.Errorf("end the launcher: %w", err)
	}
	graceCtx, cancel := context.WithTimeout(ctx, grace)
	defer cancel()
	if target.WaitEnded(graceCtx, cfg) == nil {
		return false, nil
	}
	if ctx.Err() != nil {
		return false, ctx.Err()
	}
	if err := process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return false, fmt.Errorf("kill the launcher: %w", err)
	}
	if err := target.WaitEnded(ctx, cfg); err != nil {
		return true, err
	}
	lock, err := Lock(ctx, cfg)
	if running := (*AlreadyRunningError)(nil); errors.As(err, &running) {
		return true, nil // a start has taken the lock: it sweeps, and records its own processes
	}
	if err != nil {
		return true, err
	}
	_, err = Sweep(ctx, cfg)
	return true, errors.Join(err, lock.Release())
}
