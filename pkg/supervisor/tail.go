package supervisor

import (
	"bytes"
	"slices"
	"sync"
)

// maxTailLine bounds how much of one line is kept, in bytes.
const maxTailLine = 2048

// tail keeps the last lines of a generation's output, its streams together in
// the order of their arrival.
type tail struct {
	mu       sync.Mutex
	lines    []string
	partials []*string // the unfinished line of each stream
	frozen   bool
}

// splitter returns the splitter for one more stream.
func (t *tail) splitter() lineSplitter {
	t.mu.Lock()
	defer t.mu.Unlock()
	part := new(string)
	t.partials = append(t.partials, part)
	return lineSplitter{
		line:        func(line []byte) { t.add(line, part) },
		partialLine: func(line []byte) { t.setPartial(line, part) },
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

func (t *tail) setPartial(line []byte, part *string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.frozen {
		*part = string(line)
	}
}

func (t *tail) keep(line string) {
	if len(t.lines) == MaxTailLines {
		t.lines = slices.Delete(t.lines, 0, 1)
	}
	t.lines = append(t.lines, line)
}

// freeze keeps the present lines. A goroutine dump follows, which would push out the
// lines before it; the log has the whole dump.
func (t *tail) freeze() {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, part := range t.partials {
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
	partial     []byte
	line        func(line []byte) // without its line end; valid only during the call
	partialLine func(part []byte) // gets the beginning of an unfinished line
	matcher     *outputMatcher    // gets all bytes; nil: none
}

func (s *lineSplitter) write(p []byte) {
	s.matcher.write(p)
	for len(p) > 0 {
		end := bytes.IndexByte(p, '\n')
		part := p
		if end >= 0 {
			part = p[:end]
		}
		if room := maxTailLine - len(s.partial); room > 0 {
			s.partial = append(s.partial, part[:min(room, len(part))]...)
		}
		if end < 0 {
			s.partialLine(s.partial)
			return
		}
		s.flush()
		p = p[end+1:]
	}
}

// close passes on the last line, if it has no line end.
func (s *lineSplitter) close() {
	s.matcher.close()
	if len(s.partial) > 0 {
		s.flush()
	}
}

func (s *lineSplitter) flush() {
	s.line(bytes.TrimSuffix(s.partial, []byte{'\r'}))
	s.partial = s.partial[:0]
}
