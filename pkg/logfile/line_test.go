package logfile

import (
	"bytes"
	"testing"
	"time"
	"unicode/utf8"
)

// The output is the input in order, however it is divided into writes.
func FuzzSplitter(f *testing.F) {
	f.Add([]byte("one\ntwo\n\nthree"), uint8(16), []byte{3, 1, 0, 7})
	f.Add([]byte("ééééééééééééééééééé\n\xff\xfe\xfd"), uint8(17), []byte{1})
	f.Fuzz(func(t *testing.T, text []byte, max uint8, pieces []byte) {
		limit := 16 + int(max)
		var got []piece
		emit := func(p piece) { got = append(got, piece{bytes.Clone(p.text), p.more}) }
		s := splitter{max: limit}
		for rest := text; len(rest) > 0; {
			n := len(rest)
			if len(pieces) > 0 {
				n, pieces = min(n, int(pieces[0])+1), pieces[1:]
			}
			s.feed(rest[:n], emit)
			rest = rest[n:]
		}
		s.end(emit)

		var back []byte
		for i, l := range got {
			if bytes.IndexByte(l.text, '\n') >= 0 {
				t.Errorf("line %d has a newline: %q", i, l.text)
			}
			if len(l.text) > limit {
				t.Errorf("line %d has %d bytes, over %d", i, len(l.text), limit)
			}
			if l.more && len(l.text) < limit-utf8.UTFMax+1 {
				t.Errorf("line %d was split at %d bytes, of %d", i, len(l.text), limit)
			}
			if l.more && utf8.Valid(text) && !utf8.Valid(l.text) {
				t.Errorf("line %d was split within a character: %q", i, l.text)
			}
			back = append(back, l.text...)
			if !l.more {
				back = append(back, '\n')
			}
		}
		want := text
		if len(text) > 0 && text[len(text)-1] != '\n' {
			want = append(bytes.Clone(text), '\n')
		}
		if !bytes.Equal(back, want) {
			t.Errorf("%q came back as %q", want, back)
		}
	})
}

func FuzzParseLine(f *testing.F) {
	f.Add([]byte("2026-01-02T03:04:05.678901Z out text"))
	f.Add([]byte("2026-01-02T03:04:05.678901Z out+ "))
	f.Add([]byte("2026-01-02T03:04:05.678901Z"))
	f.Add([]byte("raw"))
	f.Fuzz(func(t *testing.T, line []byte) {
		e := parseLine(line)
		if e.Stream == "" {
			if e.Text != string(line) || !e.Time.IsZero() || e.More {
				t.Errorf("parseLine(%q) = %+v", line, e)
			}
			return
		}
		stamp := e.Time.AppendFormat(nil, stampFmt)
		back := fileLine{stamp, e.Stream, piece{[]byte(e.Text), e.More}}.appendTo(nil)
		if string(back) != string(line)+"\n" {
			t.Errorf("%q came back as %q", line, back)
		}
	})
}

func FuzzWrittenLinesAreRead(f *testing.F) {
	f.Add("text", true)
	f.Add("", false)
	f.Add("out+ \xff", false)
	f.Fuzz(func(t *testing.T, text string, more bool) {
		at := time.Date(2026, 1, 2, 3, 4, 5, 6000, time.UTC)
		line := fileLine{at.AppendFormat(nil, stampFmt), Err, piece{[]byte(text), more}}.appendTo(nil)
		got := parseLine(bytes.TrimSuffix(line, newline))
		if want := (Entry{Time: at, Stream: Err, Text: text, More: more}); got != want {
			t.Errorf("%+v came back as %+v", want, got)
		}
	})
}

func TestParseLineRefusesWhatIsNearlyOurs(t *testing.T) {
	for _, line := range []string{
		"2026-01-02T03:04:05.678901Z",
		"2026-01-02T03:04:05.678901Z ",
		"2026-01-02T03:04:05.678901Z out",
		"2026-01-02T03:04:05.678901Z  text",
		"2026-01-02T03:04:05.678901Z + text",
		"2026-01-02T03:04:05.678901Z OUT text",
		"2026-01-02T03:04:05.678901Zout text",
		"2026-01-02T03:04:05,678901Z out text",
		"2026-13-02T03:04:05.678901Z out text",
		"2026-01-02T03:04:05.678Z out text",
		"2026-01-02T03:04:05+01:00 out text",
	} {
		if e := parseLine([]byte(line)); e.Stream != "" || e.Text != line {
			t.Errorf("parseLine(%q) = %+v", line, e)
		}
	}
}

func FuzzParseName(f *testing.F) {
	f.Add("api-2026-01-02T03-04-05.678.log.gz")
	f.Add("api.log")
	f.Fuzz(func(t *testing.T, file string) {
		name, ok := parseName(file)
		if ok && name.String() != file {
			t.Errorf("parseName(%q) = %+v, which is %q", file, name, name)
		}
	})
}

func TestGrouped(t *testing.T) {
	for n, want := range map[int64]string{0: "0", 999: "999", 1000: "1,000", 4567: "4,567", 1234567: "1,234,567"} {
		if got := grouped(n); got != want {
			t.Errorf("grouped(%d) = %q, want %q", n, got, want)
		}
	}
}
