package control

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"time"

	"github.com/gofrs/flock"

	"taskctl/pkg/config"
	"taskctl/pkg/ownfile"
	"taskctl/pkg/supervisor"
)

// ownerTimeout is how long the lock may be held while the pid file names no living
// process: a new launcher writes the file shortly after it has taken the lock, and a
// child may briefly hold the inherited lock of a dead launcher.
const ownerTimeout = time.Second

// Instance identifies one launcher of a directory, so that a command cannot confuse it
// with the next launcher.
type Instance struct {
	supervisor.ProcessID
	Stage Stage // at the time when the instance was found
}

// Owner returns the launcher that runs in the directory. It returns ErrNotRunning if
// there is none, and an *UnknownOwnerError if another process holds the lock.
func Owner(cfg *config.Config) (Instance, error) {
	for began := time.Now(); ; {
		o, err := findOwner(cfg)
		if !errors.Is(err, errNoLivingOwner) {
			return o, err
		}
		if s, askErr := NewClient(cfg).ask(context.Background()); askErr == nil { // ask has a timeout of its own
			if id, found := supervisor.Identify(s.PID); found {
				return Instance{ProcessID: id, Stage: StageServing}, nil
			}
		}
		if time.Since(began) > ownerTimeout {
			return Instance{}, &UnknownOwnerError{Path: cfg.Data(lockFile)}
		}
		time.Sleep(lockRetry)
	}
}

// errNoLivingOwner says that the process in the pid file does not hold the lock, but
// another does.
var errNoLivingOwner = errors.New("the lock is held, and the pid file names no process that runs")

// findOwner is [Owner] without waiting for the pid file.
func findOwner(cfg *config.Config) (Instance, error) {
	path := cfg.Data(lockFile)
	lock, err := ownfile.Open(path, os.O_RDONLY, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return ownerWithoutLock(cfg)
	}
	if err != nil {
		return Instance{}, fmt.Errorf("check %s: %w", path, err)
	}
	_ = lock.Close()
	l := flock.New(path, flock.SetFlag(os.O_RDONLY|ownfile.Flags))
	free, err := l.TryRLock()
	if err != nil {
		return Instance{}, fmt.Errorf("check %s: %w", path, err)
	}
	if free {
		return Instance{}, errors.Join(ErrNotRunning, l.Close())
	}
	o, err := readPID(cfg)
	if err != nil || !o.Running() || !mayHold(o.PID, path) {
		return Instance{}, errNoLivingOwner
	}
	return o, nil
}

// ownerWithoutLock returns the launcher whose lock file was removed, which runs until
// it notices that.
func ownerWithoutLock(cfg *config.Config) (Instance, error) {
	if o, err := readPID(cfg); err == nil && o.Stage != stageStopped && o.Running() && NewClient(cfg).Answers(context.Background()) {
		return o, nil
	}
	if s, err := NewClient(cfg).ask(context.Background()); err == nil {
		if id, found := supervisor.Identify(s.PID); found {
			return Instance{ProcessID: id, Stage: StageServing}, nil
		}
	}
	return Instance{}, ErrNotRunning
}

// readPID reads the identity that the last launcher wrote.
func readPID(cfg *config.Config) (Instance, error) {
	file, err := ownfile.Open(cfg.Data(pidFile), os.O_RDONLY, 0)
	if err != nil {
		return Instance{}, fmt.Errorf("read the launcher's pid: %w", err)
	}
	data, err := io.ReadAll(io.LimitReader(file, maxPIDFile))
	if err = errors.Join(err, file.Close()); err != nil {
		return Instance{}, fmt.Errorf("read the launcher's pid: %w", err)
	}
	var o Instance
	if _, err := fmt.Sscan(string(data), &o.PID, &o.Started, &o.Stage); err != nil || o.PID <= 0 {
		return Instance{}, errors.Join(fmt.Errorf("%s is not a pid file", cfg.Data(pidFile)), err)
	}
	return o, nil
}

// maxPIDFile bounds how much of a pid file is read, in bytes.
const maxPIDFile = 256

// header names the instance in a request.
func (i Instance) header() string { return fmt.Sprintf("%d %d", i.PID, i.Started) }

// Ended reports whether this launcher no longer runs in the directory.
func (i Instance) Ended(cfg *config.Config) bool {
	if !i.Running() {
		return true
	}
	now, err := findOwner(cfg)
	return errors.Is(err, ErrNotRunning) || err == nil && now.ProcessID != i.ProcessID
}

// WaitEnded waits until this launcher no longer runs in the directory. It polls,
// because a waiting lock would compete with a `start` that waits for the same lock.
func (i Instance) WaitEnded(ctx context.Context, cfg *config.Config) error {
	for !i.Ended(cfg) {
		select {
		case <-time.After(lockRetry):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}
