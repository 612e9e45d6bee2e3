package task

import (
	"bytes"
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

func TestRecordTask(t *testing.T) {
	at := time.Date(2024, 1, 15, 10, 0, 0, 0, time.UTC)
	plain := Task{ID: "i", Title: "t", Description: "d", CreatedAt: at, UpdatedAt: at.Add(120 * time.Millisecond), Version: 9}
	const text = `{"id":"i","title":"t","description":"d","completed":false,"created_at":"2024-01-15T10:00:00Z","updated_at":"2024-01-15T10:00:00.12Z"}`
	for _, same := range []string{
		text,
		strings.ReplaceAll(text, ",", ", "), // not as we write it
		strings.ReplaceAll(text, `"t"`, `"\u0074"`),
	} {
		if got, err := (Record{JSON: []byte(same), Version: 9}).Task(); err != nil || got != plain {
			t.Errorf("%s is read as %+v, %v", same, got, err)
		}
	}
	for end := range len(text) {
		if got, err := (Record{JSON: []byte(text[:end]), Version: 9}).Task(); err == nil || got != (Task{}) {
			t.Errorf("%s is read as %+v, %v", text[:end], got, err)
		}
	}
	for _, bad := range []string{
		text + "}", text + " x", strings.Replace(text, "false", "maybe", 1), strings.Replace(text, "2024", "next year", 1),
		strings.Replace(text, `"t"`, `"\x"`, 1), strings.Replace(text, `"t"`, `"\"`, 1),
	} {
		if got, err := (Record{JSON: []byte(bad), Version: 9}).Task(); err == nil {
			t.Errorf("%s is read as %+v", bad, got)
		}
	}
}

// FuzzRecordTask checks that the fast decoder reads every encoded task unchanged.
func FuzzRecordTask(f *testing.F) {
	f.Add("title", "description", true, int64(0), int64(1))
	f.Add("\"\\\x00\x1f\u2028", `\",\`, false, int64(1_700_000_000_123), int64(1_700_000_000_100))
	f.Fuzz(func(t *testing.T, title, description string, completed bool, created, updated int64) {
		const last = 253_402_300_799_999 // the end of the year 9999
		if created < 0 || created > last || updated < 0 || updated > last {
			t.Skip()
		}
		want := Task{
			ID: "018d0c4e-0000-7000-8000-000000000000", Completed: completed,
			Title: strings.ToValidUTF8(title, "?"), Description: strings.ToValidUTF8(description, "?"),
			CreatedAt: time.UnixMilli(created).UTC(), UpdatedAt: time.UnixMilli(updated).UTC(),
		}
		if got, ok := decodeOwn(want.AppendJSON(nil)); !ok || got != want {
			t.Fatalf("%+v is read as %+v, %v", want, got, ok)
		}
	})
}

// FuzzRecord checks that the fast decoder agrees with encoding/json on every text that
// it accepts.
func FuzzRecord(f *testing.F) {
	f.Add([]byte(`{"id":"i","title":"t","description":"\n","completed":false,"created_at":"2024-01-15T10:00:00Z","updated_at":"2024-01-15T10:00:00.12Z"}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		got, ok := decodeOwn(text)
		if !ok {
			return
		}
		var theirs Task
		if err := json.Unmarshal(text, &theirs); err != nil || !utf8.Valid(text) || theirs != got {
			t.Fatalf("%s is read as %+v, by encoding/json as %+v, %v", text, got, theirs, err)
		}
	})
}

// message is an event for encoding/json.
type message struct {
	Type      EventType       `json:"type"`
	Task      json.RawMessage `json:"task"`
	Timestamp time.Time       `json:"timestamp"`
	Seq       uint64          `json:"seq"`
	Prev      *uint64         `json:"prev"`
}

// FuzzDecodeEvent checks that the fast decoder agrees with encoding/json on every text
// that it accepts.
func FuzzDecodeEvent(f *testing.F) {
	at := time.Date(2024, 1, 15, 10, 0, 0, 0, time.UTC)
	for _, kind := range []EventType{Created, Updated, Deleted} {
		text := Task{ID: "i", Title: "\"t\"", Description: "d", CreatedAt: at, UpdatedAt: at}
		e := Event{Seq: 40, Type: kind, TaskID: "i", Time: at, Task: text.AppendJSON(nil)}
		f.Add(e.AppendJSON(nil))
		f.Add(e.AppendJSONPrev(nil, 0))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		e, read, prev, ok := DecodeEvent(text)
		if !ok {
			return
		}
		var want message
		var theirs Task
		err := errors.Join(json.Unmarshal(text, &want), json.Unmarshal(want.Task, &theirs))
		if err != nil || !utf8.Valid(text) || theirs != read || e.TaskID != theirs.ID || !e.Type.Valid() ||
			e.Type != want.Type || !bytes.Equal(e.Task, want.Task) || e.Time != want.Timestamp || e.Seq != want.Seq {
			t.Fatalf("%s is read as %+v, %+v, by encoding/json as %+v, %+v, %v", text, e, read, want, theirs, err)
		}
		if (prev == nil) != (want.Prev == nil) || prev != nil && *prev != *want.Prev {
			t.Fatalf("%s: prev is read as %v", text, prev)
		}
	})
}

func TestDecodeEvent(t *testing.T) {
	at := time.Date(2024, 1, 15, 10, 0, 0, 120e6, time.UTC)
	want := Task{ID: "i", Title: "línea\n2", Description: "d", Completed: true, CreatedAt: at.Add(-time.Hour), UpdatedAt: at}
	made := Event{Seq: 41, Type: Updated, TaskID: "i", Time: at, Task: want.AppendJSON(nil)}
	for _, prev := range []*uint64{nil, new(uint64(7))} {
		text := made.AppendJSON(nil)
		if prev != nil {
			text = made.AppendJSONPrev(nil, *prev)
		}
		e, read, gotPrev, ok := DecodeEvent(text)
		if !ok || read != want || !reflect.DeepEqual(e, made) || !reflect.DeepEqual(gotPrev, prev) {
			t.Errorf("%s is read as %+v, %+v, %v, %v", text, e, read, gotPrev, ok)
		}
		for end := range len(text) {
			if _, _, _, ok := DecodeEvent(text[:end]); ok {
				t.Errorf("%s is taken", text[:end])
			}
		}
		for _, other := range []string{
			string(text) + " ", strings.Replace(string(text), "task_updated", "task_moved", 1),
			strings.Replace(string(text), `"seq":41`, `"seq":041`, 1), strings.Replace(string(text), `"seq":41`, `"seq":-41`, 1),
			strings.Replace(string(text), `"seq":41`, `"seq":99999999999999999999`, 1), strings.Replace(string(text), `"d"`, "\"\x01\"", 1),
			strings.Replace(string(text), `"d"`, "\"\xff\"", 1), strings.Replace(string(text), `"d"`, "\"\xff\\n\"", 1),
			strings.Replace(string(text), "2024-01-15T09:00:00.120Z", "", 1), strings.Replace(string(text), "2024-01-15T10:00:00.120Z", "noon", 1),
		} {
			if _, _, _, ok := DecodeEvent([]byte(other)); ok {
				t.Errorf("%s is taken", other)
			}
		}
	}
}

func BenchmarkRecordTask(b *testing.B) {
	t := Task{
		ID: "018d0c4e-0000-7000-8000-000000000000", Title: "a task", Description: strings.Repeat("of the usual length ", 10),
		CreatedAt: time.Now(), UpdatedAt: time.Now(),
	}
	r := Record{JSON: t.AppendJSON(nil)}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := r.Task(); err != nil {
			b.Fatal(err)
		}
	}
}
