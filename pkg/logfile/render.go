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
	Colour bool // the component's name in its colour, the time dim
	Width  int  // of the longest name, so that the texts stand in one column
	Bare   bool // without the name, where there is only one component
}

// Append appends the entry as a line:
//
//	2026-01-02T03:04:05.678Z api      | text
//
// with a '!' in the place of '|' for what was written to standard error, and
// " +" at the end of a piece that goes on in the next line. Name and text are Printable.
func (f Format) Append(dst []byte, e Entry) []byte {
	dst = f.paint(dst, dim, appendMillis(nil, e.Time))
	if !f.Bare {
		name := Printable(e.Name) // any file in the folder may have given it
		name += strings.Repeat(" ", max(0, f.Width-len(name)))
		dst = f.paint(append(dst, ' '), colour(e.Name), []byte(name))
	}
	bar := " | "
	if e.Stream == Err {
		bar = " ! "
	}
	dst = append(append(dst, bar...), Printable(e.Text)...)
	if e.More {
		dst = append(dst, " +"...)
	}
	return append(dst, '\n')
}

func (f Format) paint(dst []byte, colour string, text []byte) []byte {
	if !f.Colour {
		return append(dst, text...)
	}
	dst = append(append(dst, colour...), text...)
	return append(dst, reset...)
}

func appendMillis(dst []byte, t time.Time) []byte {
	return t.UTC().AppendFormat(dst, "2006-01-02T15:04:05.000Z")
}

// colour returns the escape sequence of a component's colour: the same one
// wherever and whenever the component appears.
func colour(name string) string {
	// Neighbours differ little; our own components land far apart.
	colours := [...]string{
		"\x1b[36m", "\x1b[94m", "\x1b[34m", "\x1b[35m", "\x1b[96m",
		"\x1b[33m", "\x1b[93m", "\x1b[32m", "\x1b[95m", "\x1b[92m",
	}
	h := fnv.New32a()
	_, _ = h.Write([]byte(name)) // never fails
	return colours[h.Sum32()%uint32(len(colours))]
}

// AppendJSON appends the entry as a JSON object and a newline. Bytes that are not
// UTF-8 become U+FFFD; what a terminal would obey is escaped, so that the text is
// complete and yet harmless.
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
	for _, r := range s { // U+FFFD for what is not UTF-8
		switch {
		case r == '"' || r == '\\':
			dst = append(dst, '\\', byte(r))
		case Obeyed(r):
			for _, u := range utf16.AppendRune(nil, r) {
				dst = append(dst, '\\', 'u', hex[u>>12], hex[u>>8&0xf], hex[u>>4&0xf], hex[u&0xf])
			}
		default:
			dst = utf8.AppendRune(dst, r)
		}
	}
	return append(dst, '"')
}
