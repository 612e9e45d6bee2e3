package consumer

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/taskctl/taskctl/pkg/logfile"
	"github.com/taskctl/taskctl/pkg/task"
)

func slotOf(t testing.TB, cp checkpoint, write uint64) []byte {
	t.Helper()
	page, err := encodeSlot(cp, write)
	if err != nil || len(page) != slotSize {
		t.Fatalf("%d bytes, %v", len(page), err)
	}
	return page
}

func TestCheckpointComesBack(t *testing.T) {
	path := filepath.Join(t.TempDir(), "checkpoint")
	for i := range uint64(7) {
		m, err := openMark(t.Context(), path, os.O_CREATE)
		if err != nil {
			t.Fatal(err)
		}
		want := checkpoint{Position: task.Position{Epoch: "e1", Seq: i}, Since: "0", Output: "a b\n☕", Length: int64(100 * i)}
		got, found, err := m.load()
		if err != nil || found != (i > 0) {
			t.Fatalf("load %d: found %t, %v", i, found, err)
		}
		before := want
		before.Position.Seq, before.Length = i-1, want.Length-100
		if found && got != before {
			t.Errorf("load %d: got %+v, want %+v", i, got, before)
		}
		for range i + 1 {
			if err := m.save(want); err != nil {
				t.Fatal(err)
			}
		}
		if err := m.close(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestDamagedSlotLeavesTheOneBefore(t *testing.T) {
	older := checkpoint{Position: task.Position{Epoch: "e", Seq: 41}, Length: 4100}
	newer := checkpoint{Position: task.Position{Epoch: "e", Seq: 42}, Length: 4200}
	whole := append(slotOf(t, newer, 8), slotOf(t, older, 7)...)
	if got, write, err := decodeCheckpoint(whole); got != newer || write != 8 || err != nil {
		t.Fatalf("got %+v, %d, %v", got, write, err)
	}
	text := bytes.IndexByte(whole, '}') + 1
	for i := range text {
		torn := bytes.Clone(whole)
		torn[i] ^= 0x04
		if got, _, err := decodeCheckpoint(torn); got != older || err != nil {
			t.Errorf("byte %d damaged: got %+v, %v", i, got, err)
		}
	}
	for cut := range text { // the first part of a new slot over an old one
		torn := bytes.Clone(whole)
		copy(torn, slotOf(t, checkpoint{Position: task.Position{Epoch: "e", Seq: 40}}, 6)[:slotSize])
		copy(torn, whole[:cut])
		got, _, err := decodeCheckpoint(torn)
		if err != nil || got.Position.Seq < 41 {
			t.Errorf("cut at %d: got %+v, %v", cut, got, err)
		}
	}
}

func TestOneConsumerPerCheckpoint(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("no lock there")
	}
	path := filepath.Join(t.TempDir(), "checkpoint")
	first, err := openMark(t.Context(), path, os.O_CREATE)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel() // do not wait for it
	if _, err := openMark(ctx, path, os.O_CREATE); !errors.Is(err, errLocked) || !strings.Contains(err.Error(), path) {
		t.Errorf("a second one: %v", err)
	}
	opened := make(chan error)
	go func() {
		second, err := openMark(t.Context(), path, os.O_CREATE)
		opened <- errors.Join(err, second.close())
	}()
	if err := first.close(); err != nil {
		t.Fatal(err)
	}
	if err := <-opened; err != nil {
		t.Errorf("after the first has gone: %v", err)
	}
}

func TestNameThatIsTooLong(t *testing.T) {
	if _, err := encodeSlot(checkpoint{Output: strings.Repeat("a", slotSize)}, 1); err == nil {
		t.Error("it is cut off")
	}
}

func FuzzCheckpoint(f *testing.F) {
	f.Add(slotOf(f, checkpoint{Position: task.Position{Epoch: "e", Seq: 1}, Output: "o", Length: 9}, 1))
	f.Add([]byte(`00000000 {"write":1,"position":"e:1"}`))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, data []byte) {
		cp, write, err := decodeCheckpoint(data)
		if err != nil {
			return
		}
		page, err := encodeSlot(cp, write)
		if err != nil {
			t.Skip(err) // a position in other words may be longer
		}
		again, w, err := decodeCheckpoint(page)
		if again != cp || w != write || err != nil {
			t.Errorf("%+v came back as %+v, %v", cp, again, err)
		}
	})
}

func FuzzPrintable(f *testing.F) {
	f.Add("a\x1b[31m\u202eb\u009b\u2028👩‍💻 é")
	f.Fuzz(func(t *testing.T, s string) {
		got := printable(s)
		if !utf8.ValidString(s) {
			return // the decoder of messages lets none through
		}
		if strings.IndexFunc(got, logfile.Obeyed) >= 0 {
			t.Errorf("%q is still obeyed", got)
		}
		if strings.IndexFunc(s, logfile.Obeyed) < 0 && got != s {
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
