package logfile

import (
	"io"
	"os"
	"time"

	"taskctl/pkg/wait"
)

// The streams that components have.
const (
	Out = "out" // standard output
	Err = "err" // standard error
	Log = "log" // the launcher's own messages
)

// Stream is one source of text of a component: a pipe of one of its processes. Its
// bytes are written to the file as lines, each with the time at which it was complete.
type Stream struct {
	file     *File
	name     string
	lines    splitter // this and the fields below are guarded by file.mu
	closed   bool
	blocking bool
	pending  []byte // of a blocking stream: lines that are not written yet
}

var _ io.WriteCloser = (*Stream)(nil)

// Write takes any piece of the stream. Its only error is os.ErrClosed. A line that
// cannot be written is dropped and counted, because a caller that stops reading a
// child's pipe would block the child. A blocking stream waits instead.
func (s *Stream) Write(p []byte) (int, error) {
	s.lock()
	defer s.unlock()
	if s.closed {
		return 0, os.ErrClosed
	}
	s.file.stamp()
	s.lines.feed(p, s.line)
	s.flush()
	return len(p), nil
}

// Close writes the text after the last newline as a line.
func (s *Stream) Close() error {
	s.lock()
	defer s.unlock()
	if s.closed {
		return nil
	}
	s.file.stamp()
	s.lines.end(s.line)
	s.flush()
	s.closed = true
	delete(s.file.streams, s)
	return nil
}

// lock takes the file's lock. A blocking stream first waits for the other blocking
// streams: see File.blockedWrite.
func (s *Stream) lock() {
	f := s.file
	f.mu.Lock()
	if !s.blocking {
		return
	}
	for f.blockedWrite {
		f.unblocked.Wait()
	}
	f.blockedWrite = true
}

func (s *Stream) unlock() {
	f := s.file
	if s.blocking {
		f.blockedWrite = false
		f.unblocked.Signal()
	}
	f.mu.Unlock()
}

// end is Close without waiting, for the file when it closes itself.
func (s *Stream) end() {
	s.lines.end(s.line)
	s.closed = true
	if s.blocking {
		s.dropPending(s.file.writeLines(&s.pending))
	}
}

func (s *Stream) line(p piece) {
	if s.blocking {
		s.pending = s.file.appendLine(s.pending, s.name, p)
		return
	}
	s.file.addLine(s.name, p)
}

// flush writes the complete lines. A blocking stream retries until all are written, the
// file is closed, or [Set.StopBlocking] is called.
func (s *Stream) flush() {
	f := s.file
	if !s.blocking {
		f.flush()
		return
	}
	for {
		err := f.writeLines(&s.pending)
		if err == nil {
			return
		}
		f.mu.Unlock()
		again := time.NewTimer(retryInterval)
		select {
		case <-again.C:
		case <-f.set.unblock:
		}
		again.Stop()
		f.mu.Lock()
		if wait.IsClosed(f.set.unblock) {
			s.dropPending(err)
			return
		}
	}
}

// dropPending drops the pending lines and counts them.
func (s *Stream) dropPending(err error) {
	if len(s.pending) > 0 {
		s.file.drop(s.pending, err)
		s.pending = s.pending[:0]
	}
}
