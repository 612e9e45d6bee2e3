package logfile

import (
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"time"
)

// janitor compresses rotated files and deletes the oldest ones, in a goroutine of
// its own: it may fall behind the writers, and never holds them up.
type janitor struct {
	dir    string
	keep   time.Duration
	cap    int64
	now    func() time.Time
	logger *slog.Logger

	work chan struct{}
	stop chan struct{}
	done chan struct{}
}

func newJanitor(dir string, o Options) *janitor {
	j := &janitor{
		dir: dir, keep: o.Keep, cap: o.TotalCap, now: o.Now, logger: o.Logger,
		work: make(chan struct{}, 1), stop: make(chan struct{}), done: make(chan struct{}),
	}
	j.wake() // an earlier process may have left work
	go j.run()
	return j
}

// wake tells the janitor that there is a new rotated file.
func (j *janitor) wake() {
	select {
	case j.work <- struct{}{}:
	default: // it will see both
	}
}

// close waits until the janitor has left what it was at.
func (j *janitor) close() {
	close(j.stop)
	<-j.done
}

func (j *janitor) run() {
	defer close(j.done)
	for {
		select {
		case <-j.stop:
			return
		case <-j.work:
			if err := j.tidy(); err != nil && !errors.Is(err, errStopped) {
				j.logger.Warn("cannot tidy log files", "error", err)
			}
		}
	}
}

func (j *janitor) tidy() error {
	if err := j.sweep(); err != nil {
		return err
	}
	files, err := list(j.dir, "")
	for _, f := range files {
		if f.rotated.IsZero() || f.gz {
			continue
		}
		if e := j.compress(filepath.Join(j.dir, f.base())); e != nil {
			if errors.Is(e, errStopped) {
				return e
			}
			err = errors.Join(err, e)
		}
		select {
		case <-j.work: // more has come, and there may be too much again
			j.wake()
			err = errors.Join(err, j.sweep())
		default:
		}
	}
	return err
}

// sweep deletes the rotated files that are too old, and then the oldest until all
// files together are within the cap.
func (j *janitor) sweep() error {
	files, err := list(j.dir, "")
	if err != nil {
		return err
	}
	var total int64
	sizes := make([]int64, len(files))
	for i, f := range files {
		if info, err := os.Lstat(filepath.Join(j.dir, f.String())); err == nil {
			sizes[i] = info.Size()
			total += sizes[i]
		}
	}
	oldest := j.now().Add(-j.keep)
	for i, f := range files {
		if f.rotated.IsZero() || !f.rotated.Before(oldest) && total <= j.cap {
			break // rotated files come first, oldest first
		}
		if e := os.Remove(filepath.Join(j.dir, f.String())); e != nil && !errors.Is(e, fs.ErrNotExist) {
			err = errors.Join(err, fmt.Errorf("delete an old log: %w", e))
			continue
		}
		total -= sizes[i]
	}
	return err
}

var errStopped = errors.New("stopped")

// compress replaces the file by a compressed one. While both are there, the
// compressed one is not finished, and whoever reads or compresses ignores it.
func (j *janitor) compress(path string) (err error) {
	in, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil // cleaned up in the meantime
	}
	if err != nil {
		return err
	}
	defer func() { _ = in.Close() }() // only read
	out, err := os.OpenFile(path+gzSuffix, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o640)
	if err != nil {
		return err
	}
	packer, err := gzip.NewWriterLevel(out, gzip.BestSpeed)
	if err == nil {
		_, err = io.Copy(packer, stoppable{in, j.stop})
	}
	if err == nil {
		err = packer.Close()
	}
	if err == nil {
		err = out.Sync() // before the original goes
	}
	err = errors.Join(err, out.Close())
	if err == nil {
		err = os.Remove(path) // where it is gone, someone wanted neither
	}
	if err != nil {
		err = errors.Join(err, os.Remove(path+gzSuffix))
	}
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// stoppable is a reader that ends with errStopped when stop is closed.
type stoppable struct {
	io.Reader
	stop <-chan struct{}
}

func (s stoppable) Read(p []byte) (int, error) {
	select {
	case <-s.stop:
		return 0, errStopped
	default:
		return s.Reader.Read(p)
	}
}
