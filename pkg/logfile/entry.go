package logfile

import (
	"bytes"
	"time"
)

// stampFmt is RFC 3339 in UTC with microseconds. Its fixed width makes lines sort by
// time.
const stampFmt = "2006-01-02T15:04:05.000000Z"

// continued follows the stream's name if the next line of the stream continues this
// one. There it cannot be confused with text of the component.
const continued = '+'

var newline = []byte{'\n'}

// Entry is one line of a log.
type Entry struct {
	Name   string    // of the component
	Time   time.Time // UTC; for a line without a time, that of the previous line
	Stream string    // Out, Err or Log; empty for a line in another format
	Text   string    // as the component wrote it: see Printable
	More   bool      // the line was too long, and continues in the stream's next entry
}

// piece is a line of text without its newline, or a part of a line that is too long.
type piece struct {
	text []byte
	more bool // the line continues in the next piece
}

// fileLine is a line as it stands in a file.
type fileLine struct {
	stamp  []byte // formatted as stampFmt
	stream string
	piece
}

func (l fileLine) appendTo(dst []byte) []byte {
	dst = append(append(dst, l.stamp...), ' ')
	dst = append(dst, l.stream...)
	if l.more {
		dst = append(dst, continued)
	}
	dst = append(append(dst, ' '), l.text...)
	return append(dst, '\n')
}

// parseLine reads a line, without its newline. A line in another format, as in a stray
// file or after a full disk, gives an entry without time and stream.
func parseLine(line []byte) Entry {
	if t, ok := parseStamp(line); ok && len(line) > len(stampFmt) && line[len(stampFmt)] == ' ' {
		stream, text, ok := bytes.Cut(line[len(stampFmt)+1:], []byte{' '})
		stream, more := bytes.CutSuffix(stream, []byte{continued})
		if ok && isWord(stream) {
			return Entry{Time: t, Stream: string(stream), Text: string(text), More: more}
		}
	}
	return Entry{Text: string(line)}
}

// parseStamp reads the time that a line begins with.
func parseStamp(line []byte) (time.Time, bool) {
	if len(line) < len(stampFmt) {
		return time.Time{}, false
	}
	t, err := time.Parse(stampFmt, string(line[:len(stampFmt)]))
	var back [len(stampFmt)]byte // Parse also accepts a comma and a sign
	return t, err == nil && bytes.HasPrefix(line, t.AppendFormat(back[:0], stampFmt))
}

func isWord(b []byte) bool {
	for _, c := range b {
		if c < 'a' || c > 'z' {
			return false
		}
	}
	return len(b) > 0
}
