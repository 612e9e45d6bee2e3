package logfile_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"taskctl/pkg/logfile"
)

func TestPrintable(t *testing.T) {
	for _, tt := range []struct{ name, text, want string }{
		{"plain", "plain text ~ with\ttab", "plain text ~ with\ttab"},
		{"empty", "", ""},
		{"unicode", "ñandú 日本 👩‍💻", "ñandú 日本 👩‍💻"},
		{"carriage return at the end", "line\r", "line"},
		{"carriage return within", "10%\r20%", `10%\x0d20%`},
		{"colour", "\x1b[1;31mred\x1b[0m text", "red text"},
		{"cursor and screen", "a\x1b[2J\x1b[H\x1b[?25lb", "ab"},
		{"title", "a\x1b]0;owned\x07b", "ab"},
		{"link", "\x1b]8;;http://x\x1b\\text\x1b]8;;\x1b\\", "text"},
		{"device control", "a\x1bP1$r\x1b\\b", "ab"},
		{"reset", "a\x1bcb", "ab"},
		{"charset", "a\x1b(0b", "ab"},
		{"sequence cut short", "a\x1b[31", `a\x1b[31`},
		{"title without an end", "\x1b]0;the rest of the line", `\x1b]0;the rest of the line`},
		{"title ended by another", "\x1b]0;x\x1b[31mred", `\x1b]0;xred`},
		{"lone escape", "a\x1b", `a\x1b`},
		{"escape before a sequence", "\x1b\x1b[31m[2J", `\x1b[2J`},
		{"bell, backspace, NUL, DEL", "\a\b\x00\x7f", `\x07\x08\x00\x7f`},
		{"C1 as a byte", "\x9b31mred", `\x9b31mred`},
		{"C1 as a character", "\u009b31mred", `\u009b31mred`},
		{"not UTF-8", "a\xff\xc3(", `a\xff\xc3(`},
		{"replacement character", "\ufffd", "\ufffd"},
		{"direction", "a\u202etxt.exe\u2066", `a\u202etxt.exe\u2066`},
		{"line separator", "a\u2028b", `a\u2028b`},
		{"hidden text", "a\u200b\u00ad\u2060\ufeffb", `a\u200b\u00ad\u2060\ufeffb`},
		{"hidden text beyond the first plane", "a\U0001d173b", `a\u1d173b`},
		{"joined letters and flags", "می\u200cخواهم 🏴\U000e0067\U000e0062\U000e007f", "می\u200cخواهم 🏴\U000e0067\U000e0062\U000e007f"},
		{"a mark that is shown", "\u06001", "\u06001"},
		{"newline", "a\nb", `a\x0ab`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := logfile.Printable(tt.text); got != tt.want {
				t.Errorf("Printable(%q) = %q, want %q", tt.text, got, tt.want)
			}
		})
	}
}

func FuzzPrintable(f *testing.F) {
	f.Add("\x1b[31mred\x1b[0m")
	f.Add("\x1b]0;title\x07\x9b\u009b\r")
	f.Fuzz(func(t *testing.T, text string) {
		got := logfile.Printable(text)
		if !utf8.ValidString(got) {
			t.Errorf("Printable(%q) = %q is not UTF-8", text, got)
		}
		for _, r := range got {
			if unicode.IsControl(r) && r != '\t' || unicode.Is(unicode.Bidi_Control, r) {
				t.Errorf("Printable(%q) = %q has %U", text, got, r)
			}
		}
		if again := logfile.Printable(got); again != got {
			t.Errorf("Printable(%q) = %q, and of that %q", text, got, again)
		}
	})
}

func entry(text string) logfile.Entry {
	return logfile.Entry{Name: "api", Time: time.Date(2026, 1, 2, 3, 4, 5, 678_901_000, time.UTC), Stream: logfile.Out, Text: text}
}

func TestFormat(t *testing.T) {
	split, failure, odd := entry("text"), entry("text"), entry("text")
	odd.Name = "a\x07pi"
	split.More = true
	failure.Stream = logfile.Err
	for _, tt := range []struct {
		name   string
		format logfile.Format
		entry  logfile.Entry
		want   string
	}{
		{"plain", logfile.Format{}, entry("a\x1b[31mb"), "2026-01-02T03:04:05.678Z api | ab\n"},
		{"in a column", logfile.Format{Width: 8}, entry("text"), "2026-01-02T03:04:05.678Z api      | text\n"},
		{"standard error", logfile.Format{}, failure, "2026-01-02T03:04:05.678Z api ! text\n"},
		{"in a zone", logfile.Format{Location: time.FixedZone("", 3600)}, entry("text"), "2026-01-02 04:04:05.678 api | text\n"},
		{"readable", logfile.Format{Readable: true}, entry("level=WARN msg=\"on \\x1b[31mfire\" of=a"), "2026-01-02T03:04:05.678Z api | WARN on fire  of=a\n"},
		{"split", logfile.Format{}, split, "2026-01-02T03:04:05.678Z api | text +\n"},
		{"a name that acts", logfile.Format{}, odd, `2026-01-02T03:04:05.678Z a\x07pi | text` + "\n"},
		{"one component", logfile.Format{Bare: true}, entry("text"), "2026-01-02T03:04:05.678Z | text\n"},
		{"coloured", logfile.Format{Colour: true, Width: 4}, entry("text"), "\x1b[2m2026-01-02T03:04:05.678Z\x1b[0m \x1b[32mapi \x1b[0m | text\n"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, string(tt.format.Append(nil, tt.entry))); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestOurComponentsHaveColoursOfTheirOwn(t *testing.T) {
	seen := make(map[string]string)
	for _, name := range []string{"wsserver", "api", "consumer", "launcher"} {
		e := logfile.Entry{Name: name}
		line := string(logfile.Format{Colour: true}.Append(nil, e))
		colour, _, _ := strings.Cut(line[strings.Index(line, "Z"):], name)
		if other, ok := seen[colour]; ok {
			t.Errorf("%s and %s have one colour", name, other)
		}
		seen[colour] = name
	}
}

func TestJSON(t *testing.T) {
	e := entry("a\x1b[31m\"\\\t\u009b\u202e\U0001d173\x7fé\xff")
	e.More = true
	const want = `{"time":"2026-01-02T03:04:05.678901Z","component":"api","stream":"out","text":"a\u001b[31m\"\\\u0009\u009b\u202e\ud834\udd73\u007fé` + "\ufffd" + `","more":true}` + "\n"
	got := string(e.AppendJSON(nil))
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	var back struct{ Text string }
	if err := json.Unmarshal([]byte(got), &back); err != nil {
		t.Fatal(err)
	}
	if want := strings.ToValidUTF8(e.Text, "\ufffd"); back.Text != want {
		t.Errorf("text = %q, want %q", back.Text, want)
	}
}
