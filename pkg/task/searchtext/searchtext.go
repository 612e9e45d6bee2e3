// Package searchtext compares text for searches: it ignores case and the encoding of
// characters with accents. Every store uses it, so that all of them find the same
// tasks.
package searchtext

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"taskctl/pkg/task"
)

// Key returns the form of s that searches compare. Two texts have the same key
// when they differ only in case, or in the use of composed and decomposed
// characters (NFC and NFD): é is one code point or two.
//
// The case is folded one character at a time, as strings.EqualFold does: ß does
// not match SS.
func Key(s string) string {
	switch kindOf(s) {
	case ascii:
		return strings.ToUpper(s)
	case composedOnly:
		return strings.Map(foldCase, s)
	}
	// Decomposed first, because some letters have a composed form in one case only.
	return norm.NFC.String(strings.Map(foldCase, norm.NFD.String(s)))
}

// Contains reports whether the title or the description of t contains key, which
// [Key] returned.
func Contains(t *task.Task, key string) bool {
	return strings.Contains(Key(t.Title), key) || strings.Contains(Key(t.Description), key)
}

// kind says how a key is computed. Nearly all text is of the first two kinds, which are
// ten times as fast as the third.
type kind uint8

const (
	ascii        kind = iota
	composedOnly      // normalising would change nothing
	anyText
)

func kindOf(s string) kind {
	result := ascii
	for _, r := range s {
		if r < utf8.RuneSelf {
			continue
		}
		if !composed(r) {
			return anyText
		}
		result = composedOnly
	}
	return result
}

// composed reports whether r is its own composed form in both cases, and never
// combines with a composed character before it. Only the most common ranges
// are listed; other characters take longer.
func composed(r rune) bool {
	switch {
	case r == 'ǰ', r == 'ÿ', r == 'Ÿ': // their capitals are composed otherwise, or not at all
		return false
	case r < 0x300, // Latin
		0x400 <= r && r < 0x483,                              // Cyrillic
		0x2010 <= r && r < 0x2070,                            // punctuation
		0x3041 <= r && r < 0x3097, 0x30A1 <= r && r < 0x30FB, // Hiragana and Katakana
		0x4E00 <= r && r < 0xA000,   // Chinese characters
		0xAC00 <= r && r < 0xD7A4,   // Korean syllables
		0x1F300 <= r && r < 0x1FB00: // emoji
		return true
	}
	return false
}

// foldCase returns the same letter for all letters that differ in case only.
func foldCase(r rune) rune {
	if r < utf8.RuneSelf {
		if 'a' <= r && r <= 'z' {
			r -= 'a' - 'A'
		}
		return r
	}
	smallest := r
	for next := unicode.SimpleFold(r); next != r; next = unicode.SimpleFold(next) {
		// A combining iota has the case of the letter iota. The letter has to win:
		// it does not move when text is normalised.
		if smallest == combiningIota || next < smallest && next != combiningIota {
			smallest = next
		}
	}
	return smallest
}

const combiningIota = '\u0345' // the Greek iota below a letter
