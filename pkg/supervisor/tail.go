package supervisor

import (
	"bytes"
	"slices"
	"sync"
)

// keptLine bounds how much of one line is kept, in bytes.
const keptLine = 2048

// tail keeps the last lines of a generation's output, both streams together in
// the order of their arrival.
type tail struct {
	mu     sync.Mutex
	lines  []string
	frozen bool
}

func (t *tail) add(line []byte) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.frozen {
		return
	}
	if len(t.lines) == KeptLines {
		t.lines = slices.Delete(t.lines, 0, 1)
	}
	t.lines = append(t.lines, string(line))
}

// freeze keeps what is there: what follows is a goroutine dump, which the log
// has whole, and which would drive out what led to it.
func (t *tail) freeze() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.frozen = true
}

func (t *tail) last() []string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return slices.Clone(t.lines)
}

// lineSplitter cuts one stream into lines of bounded length.
type lineSplitter struct {
	partial []byte
	line    func(line []byte) // without its end; not to be kept
}

func (s *lineSplitter) write(p []byte) {
	for len(p) > 0 {
		end := bytes.IndexByte(p, '\n')
		part := p
		if end >= 0 {
			part = p[:end]
		}
		if room := keptLine - len(s.partial); room > 0 {
			s.partial = append(s.partial, part[:min(room, len(part))]...)
		}
		if end < 0 {
			return
		}
		s.flush()
		p = p[end+1:]
	}
}

// close hands over the last line, if it did not end.
func (s *lineSplitter) close() {
	if len(s.partial) > 0 {
		s.flush()
	}
}

func (s *lineSplitter) flush() {
	s.line(bytes.TrimSuffix(s.partial, []byte{'\r'}))
	s.partial = s.partial[:0]
}
