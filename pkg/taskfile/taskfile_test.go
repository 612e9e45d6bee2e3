package taskfile

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"taskctl/pkg/task"
)

func record(i int) task.Record {
	t := task.Task{
		ID: fmt.Sprintf("01930000-0000-7000-8000-%012d", i), Title: fmt.Sprintf("título %d, \"quoted\"", i),
		Description: "two\nlines;\tañá 日本", Completed: i%2 == 0,
		CreatedAt: time.UnixMilli(1_700_000_000_000 + int64(i)).UTC(), UpdatedAt: time.UnixMilli(1_700_000_001_000).UTC(),
	}
	return task.Record{JSON: t.AppendJSON(nil)}
}

func TestWhatIsWrittenIsRead(t *testing.T) {
	for _, format := range []Format{JSONL, CSV} {
		var file bytes.Buffer
		w := NewWriter(&file, format)
		const count = 100
		for i := range count {
			if err := w.Write(record(i)); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Flush(); err != nil {
			t.Fatal(err)
		}
		r := NewReader(&file, format)
		for i := range count {
			got, _, err := r.Next()
			if err != nil {
				t.Fatalf("%s: %v", format, err)
			}
			want, err := record(i).Task()
			if err != nil || got != want {
				t.Errorf("%s: %+v, want %+v, %v", format, got, want, err)
			}
		}
		if _, _, err := r.Next(); !errors.Is(err, io.EOF) {
			t.Errorf("%s: after the last: %v", format, err)
		}
	}
}

// TestBadLinesAreNamed also reads the good lines between them.
func TestBadLinesAreNamed(t *testing.T) {
	const (
		good  = `{"id":"01930000-0000-7000-8000-000000000001","title":"x"}`
		other = `{"id":"01930000-0000-7000-8000-000000000002","title":"x"}`
	)
	long := `{"id":"` + strings.Repeat("x", 3*maxLine) + `"}`
	for name, test := range map[string]struct {
		format Format
		text   string
		want   string
	}{
		"JSON": {JSONL, strings.Join([]string{
			good, "nothing", "", `{"id":"1","title":"x"}`, `{"id":"01930000-0000-7000-8000-000000000001","title":"x","colour":1}`, long,
			`{"id":"01930000-0000-7000-8000-000000000001","title":"x","completed":"yes"}`, good, other,
		}, "\n"), "ok 2 4 5 6 7 8 ok"},
		"CSV": {CSV, "id,title,completed\n01930000-0000-7000-8000-000000000001,x,true\n1,x,\n01930000-0000-7000-8000-000000000001,x\n" +
			"01930000-0000-7000-8000-000000000001,x,maybe\n01930000-0000-7000-8000-000000000001,x,\n" +
			"01930000-0000-7000-8000-000000000002,x,\n", "ok 3 4 5 6 ok"},
		"CSV of a spreadsheet": {CSV, "\ufefftitle,id\r\nx,01930000-0000-7000-8000-000000000001\r\n", "ok"},
	} {
		r := NewReader(strings.NewReader(test.text), test.format)
		var got []string
		for {
			_, _, err := r.Next()
			var bad *LineError
			if errors.Is(err, io.EOF) {
				break
			}
			switch {
			case err == nil:
				got = append(got, "ok")
			case errors.As(err, &bad):
				got = append(got, fmt.Sprint(bad.Line))
			default:
				t.Fatalf("%s: %v", name, err)
			}
		}
		if text := strings.Join(got, " "); text != test.want {
			t.Errorf("%s: %s, want %s", name, text, test.want)
		}
	}
	var header *HeaderError
	for _, text := range []string{"id,colour\n", "title\n", "id,title,id\n"} {
		if _, _, err := NewReader(strings.NewReader(text), CSV).Next(); !errors.As(err, &header) {
			t.Errorf("header %q: %v", text, err)
		}
	}
}

func TestFaults(t *testing.T) {
	const id = `"id":"01930000-0000-7000-8000-000000000001"`
	for line, want := range map[string]LineError{
		`nothing`:                               {Fault: FaultSyntax},
		`{"title":`:                             {Fault: FaultSyntax},
		`{` + id + `} and more`:                 {Fault: FaultSyntax},
		`[1]`:                                   {Fault: FaultNotObject},
		`"text"`:                                {Fault: FaultNotObject},
		"{" + id + `,"title":"` + "\xff" + `"}`: {Fault: FaultUTF8},
		`{` + id + `,"title":5}`:                {Fault: FaultType, Field: "title"},
		`{` + id + `,"title":"x","completed":"yes"}`:                                                       {Fault: FaultType, Field: "completed"},
		`{` + id + `,"title":"x","colour":1}`:                                                              {Fault: FaultUnknownField, Field: "colour"},
		`{` + id + `,"title":"x","title":"y"}`:                                                             {Fault: FaultRepeated, Field: "title"},
		`{"id":"1","title":"x"}`:                                                                           {Fault: FaultID, Field: "id", Value: "1"},
		`{` + id + `,"title":" "}`:                                                                         {Fault: FaultEmpty, Field: "title"},
		`{` + id + `,"title":"` + "\u200b" + `"}`:                                                          {Fault: FaultEmpty, Field: "title"},
		`{` + id + `,"title":"` + strings.Repeat("x", task.MaxTitle+1) + `"}`:                              {Fault: FaultTooLong, Field: "title", Value: "200"},
		`{` + id + `,"title":"x","description":"\u0000"}`:                                                  {Fault: FaultNUL, Field: "description"},
		`{` + id + `,"title":"x","created_at":"yesterday"}`:                                                {Fault: FaultTime, Field: "created_at", Value: "yesterday"},
		`{` + id + `,"title":"x","created_at":"2026-01-02T00:00:00Z","updated_at":"2026-01-01T00:00:00Z"}`: {Fault: FaultOrder, Field: "updated_at"},
	} {
		want.Line = 1
		_, _, err := NewReader(strings.NewReader(line), JSONL).Next()
		var bad *LineError
		if !errors.As(err, &bad) || *bad != want {
			t.Errorf("%s: %+v, want %+v", line, err, want)
		}
	}
}

// TestSameID refuses the second task with an id, however it is written. The id of a line
// that is refused is not taken.
func TestSameID(t *testing.T) {
	const upper, lower = "ABCD0000-0000-7000-8000-000000000001", "abcd0000-0000-7000-8000-000000000001"
	r := NewReader(strings.NewReader("id,title\n"+upper+",\n"+upper+",x\n"+lower+",y\n"), CSV)
	want := []*LineError{
		{Line: 2, Fault: FaultEmpty, Field: "title"}, nil, {Line: 4, Fault: FaultSameID, Field: "id", Value: "3"},
	}
	for i, want := range want {
		_, _, err := r.Next()
		var got *LineError
		errors.As(err, &got)
		if (got == nil) != (want == nil) || got != nil && *got != *want {
			t.Errorf("task %d: %v, want %v", i+1, err, want)
		}
	}
}

func FuzzReader(f *testing.F) {
	f.Add(`{"id":"01930000-0000-7000-8000-000000000001","title":"x"}`+"\n", true)
	f.Add("id,title\n\"1\n", false)
	f.Fuzz(func(t *testing.T, text string, csv bool) {
		format := JSONL
		if csv {
			format = CSV
		}
		r := NewReader(strings.NewReader(text), format)
		for range len(text) + 2 {
			_, _, err := r.Next()
			var bad *LineError
			if err != nil && !errors.As(err, &bad) {
				return
			}
		}
		t.Error("the reader does not come to an end")
	})
}
