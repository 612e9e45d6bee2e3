package logfile

import (
	"bytes"
	"unicode/utf8"
)

// LineWriter passes a stream on line by line, cut as in a log file. Only one goroutine
// may use it.
type LineWriter struct {
	lines splitter
	emit  func(piece)
}

// NewLineWriter returns a LineWriter that calls line for every line, without its
// newline, and for each piece of a line that is longer than maxLine bytes.
func NewLineWriter(maxLine int, line func(text []byte)) *LineWriter {
	return &LineWriter{lines: splitter{max: maxLine}, emit: func(p piece) { line(p.text) }}
}

// Write takes any piece of the stream, and returns no error.
func (w *LineWriter) Write(p []byte) (int, error) {
	w.lines.feed(p, w.emit)
	return len(p), nil
}

// End passes on a last line without a newline.
func (w *LineWriter) End() { w.lines.end(w.emit) }

// splitter cuts a stream of bytes, which comes in any pieces, into lines of at most max
// bytes.
type splitter struct {
	max     int
	partial []byte // the incomplete last line
}

// feed calls emit for every line that p completes, and for each piece of a line that is
// longer than max. The piece is valid until emit returns.
func (s *splitter) feed(p []byte, emit func(piece)) {
	for len(p) > 0 {
		line, rest, whole := bytes.Cut(p, newline)
		room := s.max - len(s.partial)
		switch {
		case len(line) > room:
			s.partial = append(s.partial, p[:room]...)
			p = p[room:]
			cut := lastWhole(s.partial)
			emit(piece{text: s.partial[:cut], more: true})
			s.partial = append(s.partial[:0], s.partial[cut:]...)
		case !whole:
			s.partial = append(s.partial, line...)
			return
		case len(s.partial) == 0:
			emit(piece{text: line})
			p = rest
		default:
			s.partial = append(s.partial, line...)
			emit(piece{text: s.partial})
			s.partial = s.partial[:0]
			p = rest
		}
	}
}

// end emits the incomplete line as the last one.
func (s *splitter) end(emit func(piece)) {
	if len(s.partial) > 0 {
		emit(piece{text: s.partial})
		s.partial = nil
	}
}

// lastWhole returns the length of the longest prefix of b that does not cut a
// character.
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
