package sqlite

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"taskctl/pkg/task"
)

func head(t *testing.T, s *Store) task.Position {
	t.Helper()
	_, head, err := s.Bounds(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return head
}

func TestRestoreIsDetected(t *testing.T) {
	for _, test := range []struct {
		name string
		// do is done to dir between two openings; backup is as it was three
		// tasks before. The database is dir/tasks.db.
		do   func(t *testing.T, dir, backup string)
		want bool // a new epoch
	}{
		{"nothing", func(*testing.T, string, string) {}, false},
		{"killed before the witness was written", func(t *testing.T, dir, _ string) {
			w, err := openWitness(filepath.Join(dir, "tasks.db"))
			if err != nil {
				t.Fatal(err)
			}
			record, err := readWitness(filepath.Join(dir, "tasks.db"))
			if err != nil || record.Seq != 8 {
				t.Fatalf("the witness has %v, %v", record, err)
			}
			record.Seq--
			if err := errors.Join(w.record(record.Position), w.close()); err != nil {
				t.Fatal(err)
			}
		}, false},
		{"moved", func(t *testing.T, dir, _ string) {
			if err := errors.Join(os.Rename(dir, dir+"2"), os.Rename(dir+"2", dir)); err != nil {
				t.Fatal(err)
			}
		}, false},
		{"database put back", func(t *testing.T, dir, backup string) {
			copyFile(t, filepath.Join(backup, "tasks.db"), filepath.Join(dir, "tasks.db"))
		}, true},
		{"witness lost", func(t *testing.T, dir, _ string) { remove(t, witnessPath(filepath.Join(dir, "tasks.db"))) }, true},
		{"witness emptied", func(t *testing.T, dir, _ string) {
			if err := os.Truncate(witnessPath(filepath.Join(dir, "tasks.db")), 0); err != nil {
				t.Fatal(err)
			}
		}, true},
		{"witness longer than it should be", func(t *testing.T, dir, _ string) {
			junk := make([]byte, 1000)
			if err := os.WriteFile(witnessPath(filepath.Join(dir, "tasks.db")), junk, 0o600); err != nil {
				t.Fatal(err)
			}
		}, true},
		{"directory put back", func(t *testing.T, dir, backup string) {
			file, err := os.Open(filepath.Join(dir, "tasks.db-witness"))
			if err != nil {
				t.Fatal(err)
			}
			created := createdAt(file)
			_ = file.Close()
			if created == 0 {
				t.Skip("the file system does not say when a file was made")
			}
			if err := os.RemoveAll(dir); err != nil {
				t.Fatal(err)
			}
			copyDir(t, backup, dir)
		}, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "data")
			backup := filepath.Join(t.TempDir(), "backup")
			path := filepath.Join(dir, "tasks.db")
			reopen := func(add int) task.Position {
				s := open(t, Options{Path: path})
				for range add {
					addTask(t, s, "x", "")
				}
				at := head(t, s)
				if err := s.Close(); err != nil {
					t.Fatal(err)
				}
				return at
			}
			reopen(5)
			copyDir(t, dir, backup)
			before := reopen(3)
			test.do(t, dir, backup)
			after := reopen(0)
			if got := after.Epoch != before.Epoch; got != test.want {
				t.Fatalf("from %v to %v", before, after)
			}
			if test.want && after.Epoch == "" {
				t.Fatal("the new epoch has no name")
			}
			// Told once, the new history is a history like any other.
			if again := reopen(1); again.Epoch != after.Epoch || again.Seq != after.Seq+1 {
				t.Fatalf("from %v to %v, when nothing had happened", after, again)
			}
		})
	}
}

// TestEpochChangeIsNoticed has a reader open while the epoch changes.
func TestEpochChangeIsNoticed(t *testing.T) {
	path := made(t, 3)
	reader := open(t, Options{Path: path, ReadOnly: true})
	before := head(t, reader)
	if err := os.Remove(witnessPath(path)); err != nil {
		t.Fatal(err)
	}
	open(t, Options{Path: path})
	after := head(t, reader)
	if after.Epoch == before.Epoch {
		t.Fatalf("still %v", after)
	}
	var gone *task.GoneError
	if _, _, err := reader.Read(t.Context(), before, 1); !errors.As(err, &gone) || gone.Reason != task.GoneEpoch || gone.Head != after {
		t.Fatalf("Read: %v", err)
	}
}

func remove(t *testing.T, path string) {
	t.Helper()
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
}

func copyFile(t *testing.T, from, to string) {
	t.Helper()
	text, err := os.ReadFile(from)
	if err == nil {
		err = os.WriteFile(to, text, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func copyDir(t *testing.T, from, to string) {
	t.Helper()
	err := os.CopyFS(to, os.DirFS(from))
	if err != nil && !errors.Is(err, fs.ErrExist) {
		t.Fatal(err)
	}
}
