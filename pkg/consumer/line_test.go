package consumer

import (
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"taskctl/pkg/client"
	"taskctl/pkg/logfile"
	"taskctl/pkg/message"
	"taskctl/pkg/task"
)

func TestSeqOfALine(t *testing.T) {
	e := client.Event{
		Position: task.Position{Epoch: "e", Seq: 43}, Type: task.Updated, Time: time.Now(),
		Task: task.Task{ID: "018d0c4e-0000-7000-8000-000000000000", Title: "#44 milk", Completed: true},
	}
	for _, lang := range []message.Lang{message.English, message.Spanish} {
		line := string(appendEvent(nil, lang, e))
		if seq, found := SeqOf(strings.TrimSuffix(line, "\n")); seq != 43 || !found {
			t.Errorf("%q: %d, %v", line, seq, found)
		}
	}
	for _, line := range []string{"", "Connected clients: 6", "events #43 are missing", "2024-01-15T10:00:00Z #4", "2024-01-15T10:00:00Z #x y", "2024-01-15T10:00:00Z # y"} {
		if seq, found := SeqOf(line); found {
			t.Errorf("%q: %d", line, seq)
		}
	}
}

func FuzzPrintable(f *testing.F) {
	f.Add("a\x1b[31m\u202eb\u009b\u2028👩‍💻 é")
	f.Fuzz(func(t *testing.T, s string) {
		got := printable(s)
		if !utf8.ValidString(s) {
			return // the decoder of messages lets none through
		}
		if strings.IndexFunc(got, logfile.Unprintable) >= 0 {
			t.Errorf("%q still has control characters", got)
		}
		if strings.IndexFunc(s, logfile.Unprintable) < 0 && got != s {
			t.Errorf("%q became %q", s, got)
		}
	})
}

func TestLinesStayOneLine(t *testing.T) {
	for _, test := range []struct{ raw, want string }{
		{`{"a":"b c"}`, `{"a":"b c"}` + "\n"},
		{"{\r\n \"a\": \"b\\n\"\n}", `{"a":"b\n"}` + "\n"},
	} {
		if got := appendRaw(nil, []byte(test.raw)); string(got) != test.want {
			t.Errorf("%q: got %q, want %q", test.raw, got, test.want)
		}
	}
}

func BenchmarkPrintable(b *testing.B) {
	for name, text := range map[string]string{
		"ascii":    "Buy milk and bread on the way home tonight",
		"spanish":  "Comprar leche, pan y jamón para la cena de mañana",
		"japanese": "今夜の夕食のために牛乳とパンを買う",
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				printable(text)
			}
		})
	}
}
