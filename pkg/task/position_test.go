package task

import (
	"strings"
	"testing"
)

func TestParsePosition(t *testing.T) {
	for _, test := range []struct {
		text string
		want Position
	}{
		{"0", Position{}},
		{"42", Position{Seq: 42}},
		{"007", Position{Seq: 7}},
		{"9223372036854775807", Position{Seq: MaxSeq}},
		{"0123456789abcdef:43", Position{"0123456789abcdef", 43}},
		{"A-b_9:0", Position{"A-b_9", 0}},
		{strings.Repeat("e", 64) + ":1", Position{strings.Repeat("e", 64), 1}},
	} {
		if got, err := ParsePosition(test.text); err != nil || got != test.want {
			t.Errorf("ParsePosition(%q) = %v, %v", test.text, got, err)
		}
	}
	for _, text := range []string{
		"", ":", "x", "-1", "+1", " 1", "1 ", "1\n", "1.0", "1e3", "0x10", "1_000", "9223372036854775808",
		"18446744073709551616", strings.Repeat("9", 1000), ":1", "e:", "e:x", "e:-1", "e:+1", "e: 1", "e:1:2", "a b:1",
		"é:1", "a\x00:1", "a/b:1", "%:1", strings.Repeat("e", 65) + ":1", "e:\x00", "\xff", "٣",
	} {
		if got, err := ParsePosition(text); err == nil {
			t.Errorf("ParsePosition(%q) = %v, without an error", text, got)
		}
	}
}

func TestPositionString(t *testing.T) {
	for want, p := range map[string]Position{"0": {}, "7": {Seq: 7}, "e:0": {Epoch: "e"}, "e:7": {Epoch: "e", Seq: 7}} {
		if got := p.String(); got != want {
			t.Errorf("%#v as %q, want %q", p, got, want)
		}
		if p.IsZero() != (want == "0") {
			t.Errorf("%v.IsZero() = %v", p, p.IsZero())
		}
	}
}

// FuzzParsePosition checks that an accepted position survives formatting and parsing,
// and fits into a store.
func FuzzParsePosition(f *testing.F) {
	for _, text := range []string{"0", "42", "e:1", "0123456789abcdef:9223372036854775807", ":1", "e:", "+1", "e:1:1"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		p, err := ParsePosition(text)
		if err != nil {
			if p != (Position{}) {
				t.Fatalf("%v with an error", p)
			}
			return
		}
		if again, err := ParsePosition(p.String()); err != nil || again != p {
			t.Fatalf("%q is %v, which reads as %v, %v", text, p, again, err)
		}
		if p.Seq > MaxSeq || len(p.Epoch) > maxEpoch {
			t.Fatalf("%q is %v", text, p)
		}
		epoch, _, found := strings.Cut(text, ":")
		if found != (p.Epoch != "") || found && epoch != p.Epoch {
			t.Fatalf("%q is %v", text, p)
		}
	})
}
