package supervisor

import (
	"bytes"
	"slices"
	"sync"
)

// keptLine bounds how much of one line is kept, in bytes.
const keptLine = 2048

// tail keeps the last lines of a generation's output, its streams together in
// the order of their arrival.
type tail struct {
	mu     sync.Mutex
	lines  []string
	open   []*string // of each stream, the line that has not ended yet
	frozen bool
}

// splitter returns what takes one more stream.
func (t *tail) splitter() lineSplitter {
	t.mu.Lock()
	defer t.mu.Unlock()
	part := new(string)
	t.open = append(t.open, part)
	return lineSplitter{
		line: func(line []byte) { t.add(line, part) },
		peek: func(line []byte) { t.peek(line, part) },
	}
}

func (t *tail) add(line []byte, part *string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.frozen {
		*part = ""
		t.keep(string(line))
	}
}

func (t *tail) peek(line []byte, part *string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.frozen {
		*part = string(line)
	}
}

func (t *tail) keep(line string) {
	if len(t.lines) == KeptLines {
		t.lines = slices.Delete(t.lines, 0, 1)
	}
	t.lines = append(t.lines, line)
}

// freeze keeps what is there: what follows is a goroutine dump, which the log
// has whole, and which would drive out what led to it.
func (t *tail) freeze() {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, part := range t.open {
		if !t.frozen && *part != "" {
			t.keep(*part)
		}
	}
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
	peek    func(part []byte) // gets what there is so far of a line that has not ended
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
			s.peek(s.partial)
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
