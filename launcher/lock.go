package launcher

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/gofrs/flock"

	"github.com/taskctl/taskctl/pkg/config"
)

// lockFile is held by the launcher as long as it lives. The lock is the truth
// about who runs; the pid written into it only says whom to talk to.
const lockFile = "launcher.lock"

// lock makes this process the directory's launcher, or returns an
// *AlreadyRunningError.
func lock(ctx context.Context, cfg *config.Config) (*flock.Flock, error) {
	if err := os.MkdirAll(cfg.DataDir(), 0o700); err != nil {
		return nil, fmt.Errorf("create the data directory: %w", err)
	}
	l := flock.New(cfg.Data(lockFile), flock.SetPermissions(0o600))
	// A `status` that looks at the lock holds it for an instant: ask again.
	held, err := tryLock(ctx, l, lockPatience)
	if !held && err == nil && !ownerLives(cfg) {
		// A launcher that was killed while it started a component has left the lock
		// to that process, which lets go of it as soon as it runs its own program.
		held, err = tryLock(ctx, l, bequestPatience)
	}
	if err != nil {
		return nil, fmt.Errorf("lock %s: %w", cfg.Data(lockFile), err)
	}
	if !held {
		pid, _ := readPID(cfg) // an owner that has not written it yet is named 0
		return nil, &AlreadyRunningError{Dir: cfg.Dir, PID: pid}
	}
	if err := os.WriteFile(cfg.Data(lockFile), []byte(strconv.Itoa(os.Getpid())+"\n"), 0o600); err != nil {
		return nil, errors.Join(fmt.Errorf("write the pid: %w", err), l.Close())
	}
	return l, nil
}

const (
	lockPatience    = 50 * time.Millisecond
	bequestPatience = 3 * time.Second
)

func tryLock(ctx context.Context, l *flock.Flock, patience time.Duration) (held bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	held, err = l.TryLockContext(ctx, 5*time.Millisecond)
	if errors.Is(err, context.DeadlineExceeded) {
		err = nil
	}
	return held, err
}

// ownerLives reports whether the process that last wrote its pid into the lock
// file is there.
func ownerLives(cfg *config.Config) bool {
	pid, err := readPID(cfg)
	if err != nil {
		return true // it is about to write it
	}
	process, err := os.FindProcess(pid)
	return err == nil && !errors.Is(process.Signal(syscall.Signal(0)), os.ErrProcessDone)
}

// Owner returns the pid of the launcher that holds the directory, or ErrNotRunning.
func Owner(cfg *config.Config) (int, error) {
	if _, err := os.Stat(cfg.Data(lockFile)); errors.Is(err, fs.ErrNotExist) {
		return 0, ErrNotRunning
	}
	l := flock.New(cfg.Data(lockFile), flock.SetFlag(os.O_RDONLY))
	free, err := l.TryRLock()
	if err != nil {
		return 0, fmt.Errorf("look at %s: %w", cfg.Data(lockFile), err)
	}
	if free {
		return 0, errors.Join(ErrNotRunning, l.Close())
	}
	return readPID(cfg)
}

func readPID(cfg *config.Config) (int, error) {
	data, err := os.ReadFile(cfg.Data(lockFile))
	if err != nil {
		return 0, fmt.Errorf("read the launcher's pid: %w", err)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(data)))
	if err != nil {
		return 0, fmt.Errorf("read the launcher's pid from %s: %w", cfg.Data(lockFile), err)
	}
	return pid, nil
}
