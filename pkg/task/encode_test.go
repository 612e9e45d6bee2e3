package task

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

// decode reads strictly: no member that a task does not have.
func decode(t *testing.T, text []byte, into any) {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	if d.More() {
		t.Fatalf("%s: more than one value", text)
	}
}

func TestTaskAppendJSON(t *testing.T) {
	at := time.Date(2024, 1, 15, 10, 0, 0, 0, time.UTC)
	for _, test := range []struct {
		task Task
		want string
	}{
		{
			Task{ID: "i", Title: "t", Description: "d", CreatedAt: at, UpdatedAt: at.Add(120 * time.Millisecond), Version: 9},
			`{"id":"i","title":"t","description":"d","completed":false,"created_at":"2024-01-15T10:00:00.000Z","updated_at":"2024-01-15T10:00:00.120Z"}`,
		},
		{
			Task{Title: "\"\\\b\f\n\r\t\x00\x1f\x7f</é\u2028\U0001F389", Completed: true, CreatedAt: at.In(time.FixedZone("", 3600)), UpdatedAt: at},
			`{"id":"","title":"\"\\\u0008\u000c\n\r\t\u0000\u001f` + "\x7f</é\u2028\U0001F389" +
				`","description":"","completed":true,"created_at":"2024-01-15T10:00:00.000Z","updated_at":"2024-01-15T10:00:00.000Z"}`,
		},
	} {
		if got := string(test.task.AppendJSON([]byte("before "))); got != "before "+test.want {
			t.Errorf("got  %s\nwant %s", got, test.want)
		}
	}
}

// TestTaskMarshalJSON checks that every encoder writes a task as the same text, also
// inside other values.
func TestTaskMarshalJSON(t *testing.T) {
	at := time.Date(2024, 1, 15, 10, 0, 0, 250_000_000, time.UTC)
	task := Task{ID: "i", Title: "<t>", CreatedAt: at, UpdatedAt: at, Version: 9}
	for name, in := range map[string]any{
		"value": task, "pointer": &task, "slice": []Task{task}, "member": struct{ Task Task }{task},
	} {
		var b bytes.Buffer
		e := json.NewEncoder(&b)
		e.SetEscapeHTML(false)
		if err := e.Encode(in); err != nil {
			t.Fatal(err)
		}
		if want := task.AppendJSON(nil); !bytes.Contains(b.Bytes(), want) {
			t.Errorf("%s: got %s want %s", name, b.Bytes(), want)
		}
	}
}

// FuzzTaskAppendJSON checks that encoding/json decodes the hand-written encoding as the
// same task, and encodes it as the same value.
func FuzzTaskAppendJSON(f *testing.F) {
	f.Add("title", "description", true, int64(0), int64(1))
	f.Add("\"\\\x00\x1f\u2028", "</script>&\U0001F389\ufffd", false, int64(1_700_000_000_123), int64(1_700_000_000_100))
	f.Fuzz(func(t *testing.T, title, description string, completed bool, created, updated int64) {
		const last = 253_402_300_799_999 // the end of the year 9999
		if created < 0 || created > last || updated < 0 || updated > last {
			t.Skip()
		}
		title, description = strings.ToValidUTF8(title, "?"), strings.ToValidUTF8(description, "?")
		want := Task{
			ID: "018d0c4e-0000-7000-8000-000000000000", Title: title, Description: description, Completed: completed,
			CreatedAt: time.UnixMilli(created).UTC(), UpdatedAt: time.UnixMilli(updated).UTC(),
		}
		text := want.AppendJSON(nil)
		if !utf8.Valid(text) {
			t.Fatalf("%q is not UTF-8", text)
		}
		var got Task
		decode(t, text, &got)
		if got != want {
			t.Fatalf("%+v is read as %+v", want, got)
		}
		type plain Task // without our MarshalJSON
		theirs, err := json.Marshal(plain(want))
		if err != nil {
			t.Fatal(err)
		}
		var a, b map[string]any
		decode(t, text, &a)
		decode(t, theirs, &b)
		for _, member := range []string{"created_at", "updated_at"} { // the same times, as has been seen, with other digits
			a[member] = b[member]
		}
		ours, _ := json.Marshal(a)
		if same, _ := json.Marshal(b); !bytes.Equal(ours, same) {
			t.Fatalf("%s, and encoding/json writes %s", ours, same)
		}
	})
}

func TestEventAppendJSON(t *testing.T) {
	at := time.Date(2024, 1, 15, 10, 0, 0, 0, time.UTC)
	e := Event{Seq: 43, Type: Created, TaskID: "i", Time: at, Task: []byte(`{"id":"i"}`)}
	const open = `{"type":"task_created","task":{"id":"i"},"timestamp":"2024-01-15T10:00:00.000Z","seq":43`
	if got, want := string(e.AppendJSON([]byte("x"))), "x"+open+"}"; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if got, want := string(e.AppendJSONPrev(nil, 40)), open+`,"prev":40}`; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	e.Seq = MaxSeq
	var decoded struct{ Seq, Prev uint64 }
	if err := json.Unmarshal(e.AppendJSONPrev(nil, 0), &decoded); err != nil || decoded.Seq != MaxSeq || decoded.Prev != 0 {
		t.Errorf("%+v, %v", decoded, err)
	}
}

func TestTimesSortAsText(t *testing.T) {
	at := time.Date(2024, 1, 15, 10, 0, 0, 0, time.UTC)
	before := ""
	for _, ms := range []time.Duration{0, 9, 10, 99, 100, 101, 114, 120, 999, 1000} {
		text := string(AppendTime(nil, at.Add(ms*time.Millisecond)))
		if text <= before || len(text) != len("2024-01-15T10:00:00.000Z") {
			t.Errorf("%s comes after %s", text, before)
		}
		before = text
	}
}

func BenchmarkTaskAppendJSON(b *testing.B) {
	t := Task{
		ID: "018d0c4e-0000-7000-8000-000000000000", Title: "a task", Description: strings.Repeat("of the usual length ", 10),
		CreatedAt: time.Now(), UpdatedAt: time.Now(),
	}
	var buffer []byte
	b.ReportAllocs()
	for b.Loop() {
		buffer = t.AppendJSON(buffer[:0])
	}
}
