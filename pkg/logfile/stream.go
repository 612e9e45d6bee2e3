package logfile

import (
	"bytes"
	"io"
	"os"
	"time"
	"unicode/utf8"
)

// The streams that components have.
const (
	Out = "out" // standard output
	Err = "err" // standard error
	Log = "log" // the launcher's own messages
)

// Stream is one source of text of a component: a pipe of one of its processes.
// What is written to it comes out as lines, each with the time it was complete.
type Stream struct {
	file    *File
	name    string
	lines   splitter // guarded by the file, as is what follows
	closed  bool
	patient bool
	pending []byte // of a patient one: lines that are not written yet
}

var _ io.WriteCloser = (*Stream)(nil)

// Write takes any piece of the stream. It returns no error but os.ErrClosed: a
// line that cannot be written is dropped and counted, because whoever copies a
// child's pipe must go on reading it, or the child stands still. That is what a
// patient stream wants: it waits.
func (s *Stream) Write(p []byte) (int, error) {
	f := s.file
	if s.patient {
		f.turn.Lock()
		defer f.turn.Unlock()
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if s.closed {
		return 0, os.ErrClosed
	}
	f.stamp()
	s.lines.feed(p, s.line)
	s.flush()
	return len(p), nil
}

// Close writes what came after the last newline as a line.
func (s *Stream) Close() error {
	f := s.file
	if s.patient {
		f.turn.Lock()
		defer f.turn.Unlock()
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if s.closed {
		return nil
	}
	f.stamp()
	s.lines.end(s.line)
	s.flush()
	s.closed = true
	delete(f.streams, s)
	return nil
}

// end is Close for the file, which closes and waits for nobody.
func (s *Stream) end() {
	s.lines.end(s.line)
	s.closed = true
	if s.patient {
		s.drop(s.file.put(&s.pending))
	}
}

func (s *Stream) line(text []byte, more bool) {
	if s.patient {
		s.pending = appendLine(s.pending, s.file.clock, s.name, text, more)
		return
	}
	s.file.add(s.name, text, more)
}

// flush writes the lines that there are. A patient stream goes on until all are
// written, the file is closed, or nobody is to be waited for any more.
func (s *Stream) flush() {
	f := s.file
	if !s.patient {
		f.flush()
		return
	}
	for {
		err := f.put(&s.pending)
		if err == nil {
			return
		}
		f.mu.Unlock()
		again := time.NewTimer(retryLost)
		select {
		case <-again.C:
		case <-f.set.hurry:
		}
		again.Stop()
		f.mu.Lock()
		if isClosed(f.set.hurry) {
			s.drop(err)
			return
		}
	}
}

// drop counts what is pending as lost.
func (s *Stream) drop(err error) {
	if len(s.pending) > 0 {
		s.file.lose(s.pending, err)
		s.pending = s.pending[:0]
	}
}

func isClosed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

// splitter cuts a stream of bytes into lines of at most max bytes, whatever the
// pieces it comes in.
type splitter struct {
	max  int
	held []byte // the line that is not complete yet
}

// feed calls emit for every line that p completes, without its newline. more
// says that the line was longer than max, and goes on in the next call.
func (s *splitter) feed(p []byte, emit func(text []byte, more bool)) {
	for len(p) > 0 {
		line, rest, whole := bytes.Cut(p, newline)
		room := s.max - len(s.held)
		switch {
		case len(line) > room:
			s.held = append(s.held, p[:room]...)
			p = p[room:]
			cut := lastWhole(s.held)
			emit(s.held[:cut], true)
			s.held = append(s.held[:0], s.held[cut:]...)
		case !whole:
			s.held = append(s.held, line...)
			return
		case len(s.held) == 0:
			emit(line, false)
			p = rest
		default:
			s.held = append(s.held, line...)
			emit(s.held, false)
			s.held = s.held[:0]
			p = rest
		}
	}
}

// end emits what is held as the last line.
func (s *splitter) end(emit func(text []byte, more bool)) {
	if len(s.held) > 0 {
		emit(s.held, false)
		s.held = nil
	}
}

// lastWhole returns how much of b to take so as not to cut a character in two.
func lastWhole(b []byte) int {
	for i := len(b) - 1; i >= 0 && i > len(b)-utf8.UTFMax; i-- {
		if utf8.RuneStart(b[i]) {
			if !utf8.FullRune(b[i:]) {
				return i
			}
			break
		}
	}
	return len(b)
}
