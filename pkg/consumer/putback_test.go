package consumer

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/taskctl/taskctl/pkg/client"
	"github.com/taskctl/taskctl/pkg/message"
	"github.com/taskctl/taskctl/pkg/task"
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

func TestPutBack(t *testing.T) {
	path := filepath.Join(t.TempDir(), "checkpoint")
	if err := PutBack(t.Context(), path, 5); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(path); err == nil {
		t.Fatal("it has made a checkpoint of its own")
	}
	for _, step := range []struct{ at, seq, want uint64 }{{9, 5, 5}, {9, 9, 9}, {9, 12, 9}} {
		writeMark(t, path, checkpoint{Position: task.Position{Epoch: "e", Seq: step.at}, Since: "0"})
		if err := PutBack(t.Context(), path, step.seq); err != nil {
			t.Fatal(err)
		}
		want := checkpoint{Position: task.Position{Epoch: "e", Seq: step.want}, Since: "0"}
		if got := readMark(t, path); got != want {
			t.Errorf("from %d to %d: %+v, want %+v", step.at, step.seq, got, want)
		}
	}
}

func writeMark(t *testing.T, path string, cp checkpoint) {
	t.Helper()
	withMark(t, path, func(m *markFile) error {
		if _, _, err := m.load(); err != nil {
			return err
		}
		return m.save(cp)
	})
}

func readMark(t *testing.T, path string) (cp checkpoint) {
	t.Helper()
	withMark(t, path, func(m *markFile) (err error) {
		cp, _, err = m.load()
		return err
	})
	return cp
}

func withMark(t *testing.T, path string, do func(*markFile) error) {
	t.Helper()
	m, err := openMark(t.Context(), path, os.O_CREATE)
	if err != nil {
		t.Fatal(err)
	}
	if err := do(m); err != nil {
		t.Error(err)
	}
	if err := m.close(); err != nil {
		t.Error(err)
	}
}
