package supervisor

import (
	"bytes"
	"regexp"

	"taskctl/pkg/logfile"
)

const (
	// maxMatchedLine bounds how much of a line is kept until its end, in bytes. A
	// longer line is matched in pieces.
	maxMatchedLine = 1 << 20
	// alwaysMatched is the length up to which an unfinished line is matched at each
	// write. A longer one is matched when it has grown by an eighth, or ends.
	alwaysMatched = 4 << 10
)

// outputMatcher looks for a pattern in the lines of one stream of output, as
// `taskctl logs` prints them: whole, and without escape sequences.
type outputMatcher struct {
	pattern *regexp.Regexp
	found   func()

	line []byte
	next int // length at which the unfinished line is matched again
	done bool
}

// write does nothing on a nil matcher.
func (m *outputMatcher) write(p []byte) {
	for m != nil && !m.done && len(p) > 0 {
		part, rest, ended := bytes.Cut(p, []byte{'\n'})
		part = part[:min(len(part), maxMatchedLine-len(m.line))]
		if !ended || len(part) < bytes.IndexByte(p, '\n') {
			ended, rest = len(m.line)+len(part) == maxMatchedLine, p[len(part):]
		}
		m.line = append(m.line, part...)
		if ended || len(m.line) >= m.next {
			m.match()
		}
		if ended {
			m.line, m.next = m.line[:0], 0
		}
		p = rest
	}
}

// close matches a last line that did not end.
func (m *outputMatcher) close() {
	if m != nil && !m.done {
		m.match()
	}
}

func (m *outputMatcher) match() {
	m.next = 0
	if len(m.line) > alwaysMatched {
		m.next = len(m.line) + len(m.line)/8
	}
	if !m.pattern.MatchString(logfile.Printable(string(m.line))) {
		return
	}
	m.done, m.line = true, nil
	m.found()
}
