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

// archiver compresses rotated files and deletes the oldest ones. It has a goroutine of
// its own, so it may lag behind the writers but never delays them.
type archiver struct {
	dir    string
	keep   time.Duration
	cap    int64
	now    func() time.Time
	logger *slog.Logger

	work chan struct{}
	stop chan struct{}
	done chan struct{}
}

func newArchiver(dir string, o Options) *archiver {
	a := &archiver{
		dir: dir, keep: o.Keep, cap: o.TotalCap, now: o.Now, logger: o.Logger,
		work: make(chan struct{}, 1), stop: make(chan struct{}), done: make(chan struct{}),
	}
	a.notify() // an earlier process may have left files to compress
	go a.run()
	return a
}

// notify tells the archiver that there is a new rotated file.
func (a *archiver) notify() {
	select {
	case a.work <- struct{}{}:
	default: // a notice that was not handled yet covers this file too
	}
}

// close waits until the archiver has stopped.
func (a *archiver) close() {
	close(a.stop)
	<-a.done
}

func (a *archiver) run() {
	defer close(a.done)
	for {
		select {
		case <-a.stop:
			return
		case <-a.work:
			if err := a.archive(); err != nil && !errors.Is(err, errStopped) {
				a.logger.Warn("cannot archive log files", "error", err)
			}
		}
	}
}

func (a *archiver) archive() error {
	if err := a.deleteOld(); err != nil {
		return err
	}
	files, err := list(a.dir, "")
	for _, f := range files {
		if f.rotated.IsZero() || f.gz {
			continue
		}
		if e := a.compress(filepath.Join(a.dir, f.base())); e != nil {
			if errors.Is(e, errStopped) {
				return e
			}
			err = errors.Join(err, e)
		}
		select {
		case <-a.work: // there are new files, and the total may be over the cap again
			a.notify()
			err = errors.Join(err, a.deleteOld())
		default:
		}
	}
	return err
}

// deleteOld deletes the rotated files that are too old, and then the oldest until all
// files together are within the cap.
func (a *archiver) deleteOld() error {
	files, err := list(a.dir, "")
	if err != nil {
		return err
	}
	var total int64
	sizes := make([]int64, len(files))
	for i, f := range files {
		if info, err := os.Lstat(filepath.Join(a.dir, f.String())); err == nil {
			sizes[i] = info.Size()
			total += sizes[i]
		}
	}
	oldest := a.now().Add(-a.keep)
	for i, f := range files {
		if f.rotated.IsZero() || !f.rotated.Before(oldest) && total <= a.cap {
			break // current files follow, which are never deleted
		}
		if e := os.Remove(filepath.Join(a.dir, f.String())); e != nil && !errors.Is(e, fs.ErrNotExist) {
			err = errors.Join(err, fmt.Errorf("delete an old log: %w", e))
			continue
		}
		total -= sizes[i]
	}
	return err
}

var errStopped = errors.New("stopped")

// compress replaces the file by a compressed one. While both exist, the compressed one
// is not finished, so readers ignore it, and a later compress starts again.
func (a *archiver) compress(path string) (err error) {
	in, err := openRegular(path, os.O_RDONLY)
	if errors.Is(err, fs.ErrNotExist) {
		return nil // the file was deleted meanwhile
	}
	if err != nil {
		return err
	}
	defer func() { _ = in.Close() }() // only read
	out, err := openRegular(path+gzSuffix, os.O_CREATE|os.O_TRUNC|os.O_WRONLY)
	if err != nil {
		return err
	}
	packer, err := gzip.NewWriterLevel(out, gzip.BestSpeed)
	if err == nil {
		_, err = io.Copy(packer, stoppable{in, a.stop})
	}
	if err == nil {
		err = packer.Close()
	}
	if err == nil {
		err = out.Sync() // before the original is removed
	}
	err = errors.Join(err, out.Close())
	if err == nil {
		err = os.Remove(path) // if the original was deleted meanwhile, the user wanted neither
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
