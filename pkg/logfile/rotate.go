package logfile

import (
	"fmt"
	"time"
)

const (
	// minRotateInterval separates two rotations: lumberjack names rotated files by
	// the millisecond.
	minRotateInterval = 2 * time.Millisecond
	rotateRetryDelay  = time.Minute           // after a failed rotation; meanwhile the file grows
	maxClockStep      = 50 * time.Millisecond // a rotated file whose time is ahead of now by less than this is a conflict
)

// rotateIfDue rotates the file if it is too old, or would be too large with size more
// bytes. If the rotation fails, the file stays in use; the returned line reports the
// error.
func (f *File) rotateIfDue(size int) []byte {
	full := f.size+int64(size) > f.set.limit.Load()
	old := f.stampTime.Sub(f.firstLineAt) >= f.set.opts.MaxAge
	if f.size == 0 || !full && !old || time.Now().Before(f.rotateAfter) {
		return nil
	}
	free, err := f.nameIsFree()
	if err == nil && !free {
		return nil // a later write tries again
	}
	if err == nil {
		err = f.out.Rotate()
	}
	f.openInfo = nil // makes check reopen the new file for append, which lumberjack has not done
	f.rotateAfter = time.Now().Add(minRotateInterval)
	if err != nil {
		f.rotateAfter = f.rotateAfter.Add(rotateRetryDelay)
		return f.note(nil, fmt.Sprintf("this file cannot be rotated: %v", err))
	}
	f.set.archiver.notify()
	return nil
}

// nameIsFree reports whether no rotated file has the name that lumberjack will use.
// Lumberjack names it by the time, and would overwrite an existing file, which may
// exist if the clock was set back.
func (f *File) nameIsFree() (bool, error) {
	files, err := rotatedOf(f.set.dir, f.name)
	now := time.Now()
	for _, other := range files {
		if ahead := other.rotated.Sub(now); ahead > -minRotateInterval && ahead < maxClockStep {
			return false, err
		}
	}
	return true, err
}
