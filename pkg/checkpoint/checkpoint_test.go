package checkpoint

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"taskctl/pkg/task"
)

func slotOf(t testing.TB, cp State, write uint64) []byte {
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
		m, err := Open(t.Context(), path, os.O_CREATE)
		if err != nil {
			t.Fatal(err)
		}
		want := State{Position: task.Position{Epoch: "e1", Seq: i}, Since: "0", Output: "a b\n☕", Length: int64(100 * i)}
		got, found, err := m.Load()
		if err != nil || found != (i > 0) {
			t.Fatalf("load %d: found %t, %v", i, found, err)
		}
		before := want
		before.Position.Seq, before.Length = i-1, want.Length-100
		if found && got != before {
			t.Errorf("load %d: got %+v, want %+v", i, got, before)
		}
		for range i + 1 {
			if err := m.Save(want); err != nil {
				t.Fatal(err)
			}
		}
		if err := m.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestDamagedSlotLeavesThePreviousOne(t *testing.T) {
	older := State{Position: task.Position{Epoch: "e", Seq: 41}, Length: 4100}
	newer := State{Position: task.Position{Epoch: "e", Seq: 42}, Length: 4200}
	whole := append(slotOf(t, newer, 8), slotOf(t, older, 7)...)
	if got, write, err := decode(whole); got != newer || write != 8 || err != nil {
		t.Fatalf("got %+v, %d, %v", got, write, err)
	}
	text := bytes.IndexByte(whole, '}') + 1
	for i := range text {
		torn := bytes.Clone(whole)
		torn[i] ^= 0x04
		if got, _, err := decode(torn); got != older || err != nil {
			t.Errorf("byte %d damaged: got %+v, %v", i, got, err)
		}
	}
	for cut := range text { // the first part of a new slot over an old one
		torn := bytes.Clone(whole)
		copy(torn, slotOf(t, State{Position: task.Position{Epoch: "e", Seq: 40}}, 6)[:slotSize])
		copy(torn, whole[:cut])
		got, _, err := decode(torn)
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
	first, err := Open(t.Context(), path, os.O_CREATE)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel() // do not wait for it
	if _, err := Open(ctx, path, os.O_CREATE); !errors.Is(err, ErrLocked) || !strings.Contains(err.Error(), path) {
		t.Errorf("a second one: %v", err)
	}
	opened := make(chan error)
	go func() {
		second, err := Open(t.Context(), path, os.O_CREATE)
		opened <- errors.Join(err, second.Close())
	}()
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	if err := <-opened; err != nil {
		t.Errorf("after the first has gone: %v", err)
	}
}

func TestNameThatIsTooLong(t *testing.T) {
	if _, err := encodeSlot(State{Output: strings.Repeat("a", slotSize)}, 1); err == nil {
		t.Error("encoded")
	}
}

func FuzzCheckpoint(f *testing.F) {
	f.Add(slotOf(f, State{Position: task.Position{Epoch: "e", Seq: 1}, Output: "o", Length: 9}, 1))
	f.Add([]byte(`00000000 {"write":1,"position":"e:1"}`))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, data []byte) {
		cp, write, err := decode(data)
		if err != nil {
			return
		}
		page, err := encodeSlot(cp, write)
		if err != nil {
			t.Skip(err) // a position in other words may be longer
		}
		again, w, err := decode(page)
		if again != cp || w != write || err != nil {
			t.Errorf("%+v came back as %+v, %v", cp, again, err)
		}
	})
}

func TestRewind(t *testing.T) {
	path := filepath.Join(t.TempDir(), "checkpoint")
	if err := Rewind(t.Context(), path, 5); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(path); err == nil {
		t.Fatal("it created a checkpoint")
	}
	for _, step := range []struct{ at, seq, want uint64 }{{9, 5, 5}, {9, 9, 9}, {9, 12, 9}} {
		writeState(t, path, State{Position: task.Position{Epoch: "e", Seq: step.at}, Since: "0"})
		if err := Rewind(t.Context(), path, step.seq); err != nil {
			t.Fatal(err)
		}
		want := State{Position: task.Position{Epoch: "e", Seq: step.want}, Since: "0"}
		if got := readState(t, path); got != want {
			t.Errorf("from %d to %d: %+v, want %+v", step.at, step.seq, got, want)
		}
	}
}

func writeState(t *testing.T, path string, cp State) {
	t.Helper()
	withState(t, path, func(m *File) error {
		if _, _, err := m.Load(); err != nil {
			return err
		}
		return m.Save(cp)
	})
}

func readState(t *testing.T, path string) (cp State) {
	t.Helper()
	withState(t, path, func(m *File) (err error) {
		cp, _, err = m.Load()
		return err
	})
	return cp
}

func withState(t *testing.T, path string, do func(*File) error) {
	t.Helper()
	m, err := Open(t.Context(), path, os.O_CREATE)
	if err != nil {
		t.Fatal(err)
	}
	if err := do(m); err != nil {
		t.Error(err)
	}
	if err := m.Close(); err != nil {
		t.Error(err)
	}
}
