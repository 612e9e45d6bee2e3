package sqlite

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"taskctl/pkg/task"
	"taskctl/pkg/wait/waittest"
)

// TestOverwritten copies older states of a database over the open file, which stays
// the same file and keeps its size.
func TestOverwritten(t *testing.T) {
	const states = 4 // each after a checkpoint
	for name, test := range map[string]struct {
		age         int  // of the copy, in checkpoints
		checkpoint  bool // one runs before the check
		reopen      bool // no process has it open while it is overwritten, as after kill -9
		acknowledge bool // the copy is what is there already
	}{
		"the state before":                           {age: 1},
		"the state before, and then a checkpoint":    {age: 1, checkpoint: true},
		"an older state":                             {age: 2},
		"an older state, and then a checkpoint":      {age: 2, checkpoint: true},
		"the oldest state, and then a checkpoint":    {age: states - 1, checkpoint: true},
		"the present state":                          {age: 0, acknowledge: true},
		"an older state under the log of a new one":  {age: 1, reopen: true},
		"the oldest state under the log of a new":    {age: states - 1, reopen: true},
		"the present state under the log of the new": {age: 0, reopen: true, acknowledge: true},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			path := filepath.Join(dir, "tasks.db")
			s := open(t, Options{Path: path})
			var copies []string
			for range states {
				fill(t, s, 10)
				if err := s.writer.conn.checkpointAll(t.Context()); err != nil {
					t.Fatal(err)
				}
				text, err := os.ReadFile(path)
				if err != nil {
					t.Fatal(err)
				}
				copies = append(copies, string(text))
			}
			fill(t, s, 3)
			had := head(t, s)
			old := copies[states-1-test.age]
			if test.reopen {
				// The state that kill -9 leaves; a link keeps the witness the same file.
				killed := filepath.Join(dir, "killed.db")
				copyFile(t, path+"-wal", killed+"-wal")
				copyFile(t, path, killed)
				if err := os.Link(witnessPath(path), witnessPath(killed)); err != nil {
					t.Fatal(err)
				}
				overwrite(t, killed, 0, []byte(old))
				if acknowledged := sameLog(t, killed, had); acknowledged != test.acknowledge {
					t.Errorf("the log goes on as before: %v", acknowledged)
				}
				return
			}
			overwrite(t, path, 0, []byte(old))
			if test.checkpoint {
				if err := s.writer.conn.checkpointAll(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
			_, err := s.Write(t.Context(), newTask(t))
			if (err == nil) != test.acknowledge {
				t.Fatalf("Write: %v", err)
			}
			if test.acknowledge {
				return
			}
			if !errors.Is(err, task.ErrUnavailable) {
				t.Errorf("Write: %v", err)
			}
			waittest.For(t, "the store fails", func() bool { return s.Err() != nil })
			_ = s.Close()
			if sameLog(t, path, had) {
				t.Errorf("the log goes on as before")
			}
		})
	}
}

// sameLog reports whether the log of a database continues from a position. If it does
// not, the epoch is new or opening fails with a reason.
func sameLog(t *testing.T, path string, from task.Position) bool {
	t.Helper()
	s, err := Open(t.Context(), Options{Path: path})
	if err != nil {
		var problem *FileError
		if !errors.As(err, &problem) {
			t.Errorf("Open: %v", err)
		}
		return false
	}
	defer func() { _ = s.Close() }()
	if loss, err := LastLoss(path); head(t, s).Epoch != from.Epoch && (loss == nil || err != nil) {
		t.Errorf("the loss is not told: %v, %v", loss, err)
	}
	return head(t, s).Epoch == from.Epoch
}

// TestLogEmptied cuts the log of SQLite short under an open store.
func TestLogEmptied(t *testing.T) {
	path := filepath.Join(t.TempDir(), "tasks.db")
	s := open(t, Options{Path: path})
	fill(t, s, 10)
	if err := os.Truncate(path+"-wal", 0); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Write(t.Context(), newTask(t)); !errors.Is(err, task.ErrUnavailable) {
		t.Errorf("Write: %v", err)
	}
	waittest.For(t, "the store fails", func() bool { return s.Err() != nil })
}

// TestBackupIsAnotherFile: a backup of this moment is not taken for the database.
func TestBackupIsAnotherFile(t *testing.T) {
	dir := t.TempDir()
	path, backup := filepath.Join(dir, "tasks.db"), filepath.Join(dir, "backup.db")
	s := open(t, Options{Path: path})
	fill(t, s, 10)
	if _, err := Backup(t.Context(), path, backup); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(backup)
	if err != nil {
		t.Fatal(err)
	}
	overwrite(t, path, 0, text)
	if _, err := s.Write(t.Context(), newTask(t)); !errors.Is(err, task.ErrUnavailable) {
		t.Errorf("Write: %v", err)
	}
}
