package logfile

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	esc = 0x1b
	bel = 0x07
)

// Printable makes text that a process wrote safe for a terminal. Escape sequences
// (ECMA-48: colours, cursor movement, titles, links) are removed; other Unprintable
// characters, and bytes that are not UTF-8, are shown as \x07 or \u202e. Tabs stay, and
// a carriage return at the end is removed. The result never has a newline or an escape
// character.
func Printable(text string) string {
	text = strings.TrimSuffix(text, "\r")
	i := 0
	for i < len(text) && isPlainASCII(text[i]) {
		i++
	}
	if i == len(text) {
		return text
	}
	var b strings.Builder
	b.Grow(len(text) + 16)
	b.WriteString(text[:i])
	for i < len(text) {
		c := text[i]
		if isPlainASCII(c) {
			b.WriteByte(c)
			i++
			continue
		}
		if c == esc {
			if n := sequenceLength(text[i:]); n > 0 {
				i += n
				continue
			}
		}
		r, size := utf8.DecodeRuneInString(text[i:])
		switch {
		case c < utf8.RuneSelf || r == utf8.RuneError && size == 1:
			fmt.Fprintf(&b, `\x%02x`, c)
		case Unprintable(r):
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			b.WriteString(text[i : i+size])
		}
		i += size
	}
	return b.String()
}

// isPlainASCII reports whether c is an ASCII character that may be shown as it is.
func isPlainASCII(c byte) bool { return ' ' <= c && c <= '~' || c == '\t' }

// Unprintable reports whether a terminal may act on r instead of showing it: a control
// character (also a tab), a line or paragraph separator, or an invisible character that
// reorders, hides or joins other text.
func Unprintable(r rune) bool {
	const softHyphen, nonJoiner, joiner = '\u00ad', '\u200c', '\u200d'
	switch {
	case ' ' <= r && r <= '~': // nearly all text is ASCII, and the tables below are slow
		return false
	case r <= unicode.MaxLatin1:
		return unicode.IsControl(r) || r == softHyphen
	case r == nonJoiner, r == joiner, 0xe0020 <= r && r <= 0xe007f: // needed by scripts and emoji
		return false
	}
	return unicode.In(r, unicode.Cf, unicode.Zl, unicode.Zp) && !unicode.Is(unicode.Prepended_Concatenation_Mark, r)
}

// sequenceLength returns the length of the complete escape sequence that s begins with
// (ECMA-48 §5.3, §5.4, §5.6), or 0 if it is incomplete: the text after it must not be
// lost.
func sequenceLength(s string) int {
	if len(s) < 2 {
		return 0
	}
	switch s[1] {
	case '[': // CSI: parameters, intermediates, a final
		return endSequence(s, skipRange(s, skipRange(s, 2, 0x30, 0x3f), 0x20, 0x2f), 0x40)
	case ']', 'P', 'X', '^', '_': // OSC, DCS, SOS, PM, APC: a text up to ST, or BEL
		for i := 2; i < len(s); i++ {
			switch {
			case s[i] == bel:
				return i + 1
			case s[i] == esc && strings.HasPrefix(s[i:], "\x1b\\"):
				return i + 2
			case s[i] == esc:
				return 0
			}
		}
		return 0
	}
	return endSequence(s, skipRange(s, 1, 0x20, 0x2f), 0x30)
}

// skipRange returns the end of the run of bytes between low and high that begins at i.
func skipRange(s string, i int, low, high byte) int {
	for i < len(s) && low <= s[i] && s[i] <= high {
		i++
	}
	return i
}

// endSequence returns the length of the sequence that ends with s[i], or 0 if that byte
// is below low.
func endSequence(s string, i int, low byte) int {
	if i < len(s) && low <= s[i] && s[i] <= 0x7e {
		return i + 1
	}
	return 0
}
