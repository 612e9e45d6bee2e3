package launcher

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"
	"time"

	"github.com/gofrs/flock"

	"github.com/taskctl/taskctl/pkg/config"
)

// The lock is held by the launcher as long as it lives, and is the truth about who
// runs. Whom to talk to stands in a file beside it, because a file that is locked
// cannot be read on Windows.
const (
	lockFile = "launcher.lock"
	pidFile  = "launcher.pid"
)

// stage is how far a launcher has come, by its own word in the pid file.
type stage string

const (
	coming  stage = "coming"  // its control socket is not there yet
	here    stage = "here"    // it answers at its control socket
	leaving stage = "leaving" // it has removed its control socket
)

// hold is the directory, held by this process.
type hold struct {
	lock *flock.Flock
	pid  *os.File
}

// holdWatch is how often it is looked whether the lock is still where others look for it.
const holdWatch = 2 * time.Second

// watch returns once the lock's file has been removed or replaced, with a
// *DataRemovedError, or when ctx ends. Whoever removes data/ under a running
// system lets a second one start beside it, and this one write into files that
// nobody finds any more.
func (h *hold) watch(ctx context.Context) error {
	ticker := time.NewTicker(holdWatch)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return nil
		}
		there, err := os.Stat(h.lock.Path())
		mine, mineErr := h.lock.Stat()
		if errors.Is(err, fs.ErrNotExist) || err == nil && mineErr == nil && !os.SameFile(there, mine) {
			return &DataRemovedError{Path: h.lock.Path()}
		}
	}
}

// lock makes this process the directory's launcher, or returns an
// *AlreadyRunningError.
func lock(ctx context.Context, cfg *config.Config) (*hold, error) {
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
		pid, _, _ := readPID(cfg) // an owner that has not written it yet is named 0
		return nil, &AlreadyRunningError{Dir: cfg.Dir, PID: pid}
	}
	file, err := os.OpenFile(cfg.Data(pidFile), os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("write the pid: %w", err), l.Close())
	}
	h := &hold{lock: l, pid: file}
	if err := h.say(coming); err != nil {
		return nil, errors.Join(err, h.release())
	}
	return h, nil
}

// say writes this process's pid and stage, always in as many bytes: whoever reads
// meanwhile finds the old or the new, and a full disk is no hindrance.
func (h *hold) say(s stage) error {
	if _, err := h.pid.WriteAt(fmt.Appendf(nil, "%10d %-7s\n", os.Getpid(), s), 0); err != nil {
		return fmt.Errorf("write the pid: %w", err)
	}
	return nil
}

func (h *hold) release() error { return errors.Join(h.pid.Close(), h.lock.Close()) }

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

// ownerLives reports whether the process that last wrote its pid is there.
func ownerLives(cfg *config.Config) bool {
	pid, _, err := readPID(cfg)
	if err != nil {
		return true // it is about to write it
	}
	process, err := os.FindProcess(pid)
	return err == nil && !errors.Is(process.Signal(syscall.Signal(0)), os.ErrProcessDone)
}

// Owner returns the pid of the launcher that holds the directory, or ErrNotRunning.
func Owner(cfg *config.Config) (int, error) {
	pid, _, err := owner(cfg)
	return pid, err
}

func owner(cfg *config.Config) (pid int, at stage, err error) {
	if _, err := os.Stat(cfg.Data(lockFile)); errors.Is(err, fs.ErrNotExist) {
		return 0, "", ErrNotRunning
	}
	l := flock.New(cfg.Data(lockFile), flock.SetFlag(os.O_RDONLY))
	free, err := l.TryRLock()
	if err != nil {
		return 0, "", fmt.Errorf("look at %s: %w", cfg.Data(lockFile), err)
	}
	if free {
		return 0, "", errors.Join(ErrNotRunning, l.Close())
	}
	return readPID(cfg)
}

func readPID(cfg *config.Config) (pid int, at stage, err error) {
	data, err := os.ReadFile(cfg.Data(pidFile))
	if err != nil {
		return 0, "", fmt.Errorf("read the launcher's pid: %w", err)
	}
	if _, err := fmt.Sscan(string(data), &pid, &at); err != nil {
		return 0, "", fmt.Errorf("read the launcher's pid from %s: %w", cfg.Data(pidFile), err)
	}
	return pid, at, nil
}
