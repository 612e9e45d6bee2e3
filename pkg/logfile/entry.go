package logfile

import (
	"bytes"
	"time"
)

// stampFmt is RFC 3339 in UTC with microseconds, of fixed width: lines sort.
const stampFmt = "2006-01-02T15:04:05.000000Z"

// continued follows the stream's name where a line goes on in the stream's next
// one. It stands there because no text can be mistaken for it.
const continued = '+'

var newline = []byte{'\n'}

// Entry is one line of a log.
type Entry struct {
	Name   string    // of the component
	Time   time.Time // UTC; where the line has none, that of the line before it
	Stream string    // Out, Err, Log; empty for a line that is not of our form
	Text   string    // as the component wrote it: see Printable
	More   bool      // the line was overlong, and goes on in the stream's next entry
}

// appendLine appends a line as it stands in a file. stamp has the form stampFmt.
func appendLine(dst, stamp []byte, stream string, text []byte, more bool) []byte {
	dst = append(append(dst, stamp...), ' ')
	dst = append(dst, stream...)
	if more {
		dst = append(dst, continued)
	}
	dst = append(append(dst, ' '), text...)
	return append(dst, '\n')
}

// parseLine reads a line, without its newline. Text that is not of our form, as
// in a stray file or where a disk was full, is an entry without time and stream.
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
	var back [len(stampFmt)]byte // Parse would take a comma, and a sign
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
