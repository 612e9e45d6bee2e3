package logfile

import (
	"bytes"
	"fmt"
	"time"
)

// retryInterval is how often a write is retried after an error, if no new line causes
// one.
const retryInterval = time.Second

// drops counts what could not be written, with the first error.
type drops struct {
	lines, bytes int64
	cause        error
}

func (d *drops) add(more drops) {
	if d.lines == 0 {
		d.cause = more.cause
	}
	d.lines, d.bytes = d.lines+more.lines, d.bytes+more.bytes
}

// drop counts the lines of p as dropped. A line that was written in part counts with
// its rest.
func (f *File) drop(p []byte, err error) {
	d := drops{lines: int64(bytes.Count(p, newline)), bytes: int64(len(p)), cause: err}
	f.dropped.add(d)
	f.droppedTotal.add(d)
	if f.retry == nil {
		f.retry = time.AfterFunc(retryInterval, f.reportDropped)
	} else {
		f.retry.Reset(retryInterval)
	}
}

// reportDropped writes the number of dropped lines into the file when the disk accepts
// writes again, even if the component prints nothing more.
func (f *File) reportDropped() {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closed || f.dropped.lines == 0 {
		return
	}
	f.stamp()
	if f.prepare(0) != nil {
		f.retry.Reset(retryInterval)
	}
}

func (f *File) totalDropped() (lines, bytes int64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.droppedTotal.lines, f.droppedTotal.bytes
}

// grouped renders n with commas between the thousands.
func grouped(n int64) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
