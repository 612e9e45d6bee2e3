package logfile

import (
	"hash/fnv"
	"strings"
	"time"
	"unicode/utf16"
	"unicode/utf8"
)

const (
	dim   = "\x1b[2m"
	reset = "\x1b[0m"
)

// Format renders entries for people, one per line.
type Format struct {
	Colour bool // shows the component's name in its colour and the time dim
	Width  int  // of the longest name, so that the texts are aligned
	Bare   bool // leaves out the name, for a single component
	// Location is the zone of the times, without a zone's name; nil: UTC, with a Z.
	Location *time.Location
	// Readable shows the message of logfmt lines first, and leaves out a component's
	// own time if it repeats ours.
	Readable bool
}

// Append appends the entry as a line:
//
//	2026-01-02T03:04:05.678Z api      | text
//
// with '!' instead of '|' for standard error, and " +" at the end of a piece that
// continues in the next line. Name and text are made Printable.
func (f Format) Append(dst []byte, e Entry) []byte {
	dst = f.paint(dst, dim, f.appendTime(nil, e.Time))
	if !f.Bare {
		name := Printable(e.Name) // it comes from a file name, which may be anything
		name += strings.Repeat(" ", max(0, f.Width-len(name)))
		dst = f.paint(append(dst, ' '), colour(e.Name), []byte(name))
	}
	bar := " | "
	if e.Stream == Err {
		bar = " ! "
	}
	dst = append(dst, bar...)
	if f.Readable {
		dst = f.appendReadable(dst, e)
	} else {
		dst = append(dst, Printable(e.Text)...)
	}
	if e.More {
		dst = append(dst, " +"...)
	}
	return append(dst, '\n')
}

// appendReadable appends the text of an entry with its level in front, and its
// details dim behind it.
func (f Format) appendReadable(dst []byte, e Entry) []byte {
	level, message, details := readable(e.Text, e.Time)
	if level != "" {
		dst = append(f.paint(dst, levelColour(level), []byte(Printable(level))), ' ')
	}
	dst = append(dst, Printable(message)...)
	if details != "" {
		dst = f.paint(append(dst, "  "...), dim, []byte(Printable(details)))
	}
	return dst
}

func levelColour(level string) string {
	switch {
	case strings.HasPrefix(level, "ERROR"):
		return "\x1b[31m"
	case strings.HasPrefix(level, "WARN"):
		return "\x1b[33m"
	}
	return dim
}

func (f Format) paint(dst []byte, colour string, text []byte) []byte {
	if !f.Colour {
		return append(dst, text...)
	}
	dst = append(append(dst, colour...), text...)
	return append(dst, reset...)
}

func (f Format) appendTime(dst []byte, t time.Time) []byte {
	if f.Location != nil {
		return t.In(f.Location).AppendFormat(dst, "2006-01-02 15:04:05.000")
	}
	return t.UTC().AppendFormat(dst, "2006-01-02T15:04:05.000Z")
}

// colour returns the escape sequence of a component's colour, which is always the same
// for one name.
func colour(name string) string {
	// Similar colours are next to each other; our own components get different ones.
	colours := [...]string{
		"\x1b[36m", "\x1b[94m", "\x1b[34m", "\x1b[35m", "\x1b[96m",
		"\x1b[33m", "\x1b[93m", "\x1b[32m", "\x1b[95m", "\x1b[92m",
	}
	h := fnv.New32a()
	_, _ = h.Write([]byte(name)) // never fails
	return colours[h.Sum32()%uint32(len(colours))]
}

// AppendJSON appends the entry as a JSON object and a newline. Bytes that are not UTF-8
// become U+FFFD. Control characters are escaped, so that the text is complete and
// harmless to a terminal.
func (e Entry) AppendJSON(dst []byte) []byte {
	dst = append(dst, `{"time":"`...)
	dst = e.Time.UTC().AppendFormat(dst, stampFmt)
	dst = append(dst, `","component":`...)
	dst = appendString(dst, e.Name)
	dst = append(dst, `,"stream":`...)
	dst = appendString(dst, e.Stream)
	dst = append(dst, `,"text":`...)
	dst = appendString(dst, e.Text)
	if e.More {
		dst = append(dst, `,"more":true`...)
	}
	return append(dst, "}\n"...)
}

// appendString appends s as a JSON string (RFC 8259 §7).
func appendString(dst []byte, s string) []byte {
	const hex = "0123456789abcdef"
	dst = append(dst, '"')
	for _, r := range s { // bytes that are not UTF-8 give U+FFFD
		switch {
		case r == '"' || r == '\\':
			dst = append(dst, '\\', byte(r))
		case Unprintable(r):
			for _, u := range utf16.AppendRune(nil, r) {
				dst = append(dst, '\\', 'u', hex[u>>12], hex[u>>8&0xf], hex[u>>4&0xf], hex[u&0xf])
			}
		default:
			dst = utf8.AppendRune(dst, r)
		}
	}
	return append(dst, '"')
}
