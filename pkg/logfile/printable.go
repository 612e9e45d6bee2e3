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
// (ECMA-48: colours, cursor movement, titles, links) are removed; what else is
// Obeyed, or is not UTF-8, becomes visible as \x07 or \u202e. Tabs stay, and a
// carriage return at the end goes. The result has no newline and no escape
// character, whatever text has.
func Printable(text string) string {
	text = strings.TrimSuffix(text, "\r")
	i := 0
	for i < len(text) && plain(text[i]) {
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
		if plain(c) {
			b.WriteByte(c)
			i++
			continue
		}
		if c == esc {
			if n := sequence(text[i:]); n > 0 {
				i += n
				continue
			}
		}
		r, size := utf8.DecodeRuneInString(text[i:])
		switch {
		case c < utf8.RuneSelf || r == utf8.RuneError && size == 1:
			fmt.Fprintf(&b, `\x%02x`, c)
		case Obeyed(r):
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			b.WriteString(text[i : i+size])
		}
		i += size
	}
	return b.String()
}

// plain reports whether c is an ASCII character that may be shown as it is.
func plain(c byte) bool { return ' ' <= c && c <= '~' || c == '\t' }

// Obeyed reports whether a terminal may do something at r instead of showing it:
// a control character (tabs are among them), a line or paragraph separator, or one
// that turns, hides or joins other text without being seen.
func Obeyed(r rune) bool {
	const softHyphen, nonJoiner, joiner = '\u00ad', '\u200c', '\u200d'
	switch {
	case ' ' <= r && r <= '~': // nearly all there is, and the tables below are slow
		return false
	case r <= unicode.MaxLatin1:
		return unicode.IsControl(r) || r == softHyphen
	case r == nonJoiner, r == joiner, 0xe0020 <= r && r <= 0xe007f: // scripts and emoji are made with these
		return false
	}
	return unicode.In(r, unicode.Cf, unicode.Zl, unicode.Zp) && !unicode.Is(unicode.Prepended_Concatenation_Mark, r)
}

// sequence returns the length of the complete escape sequence that s begins with
// (ECMA-48 §5.3, §5.4, §5.6), or 0: an incomplete one must not swallow the text
// after it.
func sequence(s string) int {
	if len(s) < 2 {
		return 0
	}
	switch s[1] {
	case '[': // CSI: parameters, intermediates, a final
		return final(s, over(s, over(s, 2, 0x30, 0x3f), 0x20, 0x2f), 0x40)
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
	return final(s, over(s, 1, 0x20, 0x2f), 0x30)
}

// over returns where the bytes from low to high that begin at i end.
func over(s string, i int, low, high byte) int {
	for i < len(s) && low <= s[i] && s[i] <= high {
		i++
	}
	return i
}

// final returns the length of a sequence whose last byte is s[i], not below low.
func final(s string, i int, low byte) int {
	if i < len(s) && low <= s[i] && s[i] <= 0x7e {
		return i + 1
	}
	return 0
}
