package searchtext

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

func TestKey(t *testing.T) {
	for _, same := range [][]string{
		{"café", "CAFÉ", "cafe\u0301", "CAFE\u0301"},
		{"Å", "å", "A\u030A", "\u212B"}, // the last is the Angstrom sign
		{"\u1E96", "H\u0331"},           // ẖ has no composed capital
		{"ǰ", "J\u030C", "j\u030C"},
		{"が", "か\u3099"},
		{"한국", "\u1112\u1161\u11AB\u1100\u116E\u11A8"},
		{"ΣΊΣΥΦΟΣ", "σίσυφος", "σι\u0301συφοσ"},
		{"ᾳ", "ᾼ", "α\u0345", "ΑΙ"},
		{"q\u0323\u0307", "q\u0307\u0323"}, // marks in another order
		{"K", "k", "\u212A"},
		{"Й", "й", "И\u0306"},
	} {
		for _, text := range same {
			if Key(text) != Key(same[0]) {
				t.Errorf("Key(%+q) is %+q, and Key(%+q) is %+q", text, Key(text), same[0], Key(same[0]))
			}
		}
	}
	for _, other := range [][2]string{{"e", "é"}, {"ß", "ss"}, {"か", "が"}, {"o", "0"}} {
		if Key(other[0]) == Key(other[1]) {
			t.Errorf("%q and %q have the same key", other[0], other[1])
		}
	}
}

// TestKeyOfEveryCharacter compares the fast path of Key with the definition.
func TestKeyOfEveryCharacter(t *testing.T) {
	for r := rune(1); r <= unicode.MaxRune; r++ {
		if !utf8.ValidRune(r) {
			continue
		}
		s := string(r)
		want := norm.NFC.String(strings.Map(foldCase, norm.NFD.String(s)))
		if got := Key(s); got != want {
			t.Errorf("Key(%+q) = %+q, not %+q", s, got, want)
		}
		for _, form := range []norm.Form{norm.NFC, norm.NFD} {
			if got := Key(form.String(s)); got != want {
				t.Errorf("Key of %+q in form %d = %+q, not %+q", s, form, got, want)
			}
		}
		for other := unicode.SimpleFold(r); other != r; other = unicode.SimpleFold(other) {
			if got := Key(string(other)); got != want {
				t.Errorf("Key(%+q) = %+q, but it differs only in case from %+q", string(other), got, s)
			}
		}
		if composed(r) && !norm.NFC.PropertiesString(s).BoundaryBefore() {
			t.Errorf("%+q may combine with the character before it", s)
		}
	}
}

func FuzzKey(f *testing.F) {
	for _, s := range []string{"", "café", "e\u0301\u0345x", "\u1112\u1161\u11AB", "\xff", "が\u3099"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if !utf8.ValidString(s) {
			return
		}
		want := Key(s)
		for _, form := range []norm.Form{norm.NFC, norm.NFD} {
			if got := Key(form.String(s)); got != want {
				t.Errorf("Key of %+q in form %d = %+q, not %+q", s, form, got, want)
			}
		}
	})
}

func BenchmarkKey(b *testing.B) {
	for name, text := range map[string]string{
		"ascii":      strings.Repeat("the quick brown fox ", 50),
		"spanish":    strings.Repeat("mañana comeré un plátano ", 40),
		"decomposed": norm.NFD.String(strings.Repeat("mañana comeré un plátano ", 40)),
	} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			for b.Loop() {
				Key(text)
			}
		})
	}
}
