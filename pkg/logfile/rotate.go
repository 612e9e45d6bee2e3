package logfile

import (
	"fmt"
	"time"
)

// rotateIfDue gives way to a new file where the current one is too old, or would
// be too large with size more bytes. A file that cannot be rotated goes on; the
// line that says so is returned.
func (f *File) rotateIfDue(size int) []byte {
	full := f.size+int64(size) > f.set.limit.Load()
	old := f.now.Sub(f.born) >= f.set.opts.MaxAge
	if f.size == 0 || !full && !old || time.Now().Before(f.rotateAfter) {
		return nil
	}
	free, err := f.nameIsFree()
	if err == nil && !free {
		return nil // at one of the next blocks
	}
	if err == nil {
		err = f.out.Rotate()
	}
	f.opened = nil // lumberjack has not opened the new file for append
	f.rotateAfter = time.Now().Add(rotateApart)
	if err != nil {
		f.rotateAfter = f.rotateAfter.Add(retryRotate)
		return f.note(nil, fmt.Sprintf("this file cannot be rotated: %v", err))
	}
	f.set.janitor.wake()
	return nil
}

// nameIsFree reports whether lumberjack, which takes the time as the name of the
// rotated file and overwrites one that is there, would find no other of that
// name; later ones are there when the clock was set back.
func (f *File) nameIsFree() (bool, error) {
	files, err := rotatedOf(f.set.dir, f.name)
	now := time.Now()
	for _, other := range files {
		if ahead := other.rotated.Sub(now); ahead > -rotateApart && ahead < rotateBehind {
			return false, err
		}
	}
	return true, err
}
