package control

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"github.com/gofrs/flock"

	"taskctl/pkg/config"
	"taskctl/pkg/ownfile"
	"taskctl/pkg/supervisor"
)

// The launcher holds the lock as long as it lives: the lock decides which launcher
// runs. Its identity is in a second file, because a locked file cannot be read on
// Windows.
const (
	lockFile = config.LockFile
	pidFile  = "launcher.pid"
)

const (
	// lockTimeout is longer than a `status` holds the lock to check it.
	lockTimeout = 50 * time.Millisecond
	// takeoverTimeout covers two cases in which the lock of a killed launcher is still
	// held: the launcher has not disappeared yet, or it was killed while it started a
	// child, which holds the inherited lock until it executes its program.
	takeoverTimeout = 3 * time.Second
	// lockRetry is the interval between attempts to take the lock.
	lockRetry = 5 * time.Millisecond
	// lockCheckInterval is how often the launcher checks that its lock file is still
	// the one in the directory.
	lockCheckInterval = 2 * time.Second
)

// Stage is the stage of a launcher's life, as the pid file says.
type Stage string

// The stages.
const (
	stageStarting Stage = "starting" // the control socket does not exist yet
	StageServing  Stage = "serving"  // it answers on the control socket
	StageStopping Stage = "stopping" // the control socket is closed
	stageStopped  Stage = "stopped"  // everything has ended except this process
)

// DirLock is the lock of a directory. The process that holds it is the launcher.
type DirLock struct {
	lock *flock.Flock
	pid  *os.File
	id   supervisor.ProcessID
}

// Lock makes this process the launcher of the directory. It returns an
// *AlreadyRunningError if another launcher runs, an *UnknownOwnerError if another kind
// of process holds the lock, and an *UnsafeError if another user could have changed the
// files.
func Lock(ctx context.Context, cfg *config.Config) (*DirLock, error) {
	if err := secureDirectories(cfg); err != nil {
		return nil, err
	}
	l := flock.New(cfg.Data(lockFile), flock.SetPermissions(0o600), flock.SetFlag(os.O_CREATE|os.O_RDWR|ownfile.Flags))
	locked, err := tryLock(ctx, l, lockTimeout)
	if !locked && err == nil {
		if _, ownerErr := findOwner(cfg); ownerErr != nil { // no launcher holds it
			locked, err = tryLock(ctx, l, takeoverTimeout)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("lock %s: %w", cfg.Data(lockFile), err)
	}
	if !locked {
		return nil, refusal(cfg)
	}
	d, err := own(ctx, cfg, l)
	if err != nil {
		return nil, errors.Join(err, l.Close())
	}
	return d, nil
}

// refusal returns the error that names the holder of the lock.
func refusal(cfg *config.Config) error {
	o, err := Owner(cfg)
	switch {
	case err == nil:
		return &AlreadyRunningError{Dir: cfg.Dir, PID: o.PID}
	case errors.Is(err, ErrNotRunning): // it has ended just now
		return &AlreadyRunningError{Dir: cfg.Dir}
	}
	return err
}

// own writes this process's identity after it has checked that no other launcher runs.
// A launcher whose lock file was removed does not hold the new lock, but still runs, so
// its components are not leftovers.
func own(ctx context.Context, cfg *config.Config, l *flock.Flock) (*DirLock, error) {
	self, found := supervisor.Identify(os.Getpid())
	if !found {
		return nil, errors.New("find out when this process was started")
	}
	for deadline := time.Now().Add(takeoverTimeout); ; {
		other, err := readPID(cfg)
		if err != nil || other.Stage == stageStopped || other.ProcessID == self || !other.Running() {
			break
		}
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if time.Now().After(deadline) || NewClient(cfg).Answers(ctx) {
			return nil, &AlreadyRunningError{Dir: cfg.Dir, PID: other.PID}
		}
		time.Sleep(lockRetry)
	}
	if s, err := NewClient(cfg).ask(ctx); err == nil {
		return nil, &AlreadyRunningError{Dir: cfg.Dir, PID: s.PID}
	}
	file, err := ownfile.Open(cfg.Data(pidFile), os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fmt.Errorf("write the pid: %w", err)
	}
	d := &DirLock{lock: l, pid: file, id: self}
	if err := d.SetStage(stageStarting); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return d, nil
}

// SetStage writes this process's identity and stage, always in the same number of
// bytes, so that a concurrent reader gets the old or the new content, and a full disk
// does not prevent it.
func (d *DirLock) SetStage(s Stage) error {
	if _, err := d.pid.WriteAt(fmt.Appendf(nil, "%10d %20d %-8s\n", d.id.PID, d.id.Started, s), 0); err != nil {
		return fmt.Errorf("write the pid: %w", err)
	}
	return nil
}

// Watch returns a *DataRemovedError once the lock file has been removed or replaced,
// and nil when ctx ends. Without the lock file a second launcher could start in the
// same directory, while this one writes to files that are no longer there.
func (d *DirLock) Watch(ctx context.Context) error {
	ticker := time.NewTicker(lockCheckInterval)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return nil
		}
		there, err := os.Stat(d.lock.Path())
		mine, mineErr := d.lock.Stat()
		if errors.Is(err, fs.ErrNotExist) || err == nil && mineErr == nil && !os.SameFile(there, mine) {
			return &DataRemovedError{Path: d.lock.Path()}
		}
	}
}

// Release releases the lock.
func (d *DirLock) Release() error {
	return errors.Join(d.SetStage(stageStopped), d.pid.Close(), d.lock.Close())
}

func tryLock(ctx context.Context, l *flock.Flock, timeout time.Duration) (locked bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	locked, err = l.TryLockContext(ctx, lockRetry)
	if errors.Is(err, context.DeadlineExceeded) {
		err = nil
	}
	if locked {
		if info, statErr := l.Stat(); statErr != nil || !info.Mode().IsRegular() {
			return false, errors.Join(ownfile.Check(l.Path()), statErr, l.Close())
		}
	}
	return locked, err
}
