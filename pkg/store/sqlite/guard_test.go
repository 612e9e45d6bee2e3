package sqlite

import (
	"errors"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"taskctl/pkg/task"
	"taskctl/pkg/wait/waittest"
)

// TestFilesChanged changes the files of a store that is in use, in every way that loses
// writes. No write may be acknowledged after that; acknowledged writes exist, or the
// epoch is new.
func TestFilesChanged(t *testing.T) {
	type place struct{ dir, path, backup string }
	removeAll := func(t *testing.T, path string, suffixes ...string) {
		for _, suffix := range suffixes {
			remove(t, path+suffix)
		}
	}
	rename := func(t *testing.T, from, to string) {
		if err := os.Rename(from, to); err != nil {
			t.Fatal(err)
		}
	}
	for name, test := range map[string]struct {
		harm func(t *testing.T, p place)
		kept bool // all that was acknowledged is in the database at the path
	}{
		"replaced by a backup": {harm: func(t *testing.T, p place) {
			rename(t, p.backup, p.path)
			removeAll(t, p.path, "-wal", "-shm")
		}},
		"replaced, with the old log beside it": {harm: func(t *testing.T, p place) { rename(t, p.backup, p.path) }},
		"removed":                              {harm: func(t *testing.T, p place) { removeAll(t, p.path, "", "-wal", "-shm", "-witness") }},
		"removed alone":                        {harm: func(t *testing.T, p place) { removeAll(t, p.path, "") }},
		"log removed":                          {harm: func(t *testing.T, p place) { removeAll(t, p.path, "-wal") }, kept: true},
		"index of the log removed":             {harm: func(t *testing.T, p place) { removeAll(t, p.path, "-shm") }, kept: true},
		"log and its index removed":            {harm: func(t *testing.T, p place) { removeAll(t, p.path, "-wal", "-shm") }, kept: true},
		"log replaced": {harm: func(t *testing.T, p place) {
			copyFile(t, p.path+"-wal", p.backup)
			rename(t, p.backup, p.path+"-wal")
		}},
		"directory renamed": {harm: func(t *testing.T, p place) { rename(t, p.dir, p.dir+"-elsewhere") }},
		"emptied in place": {harm: func(t *testing.T, p place) {
			if err := os.Truncate(p.path, 0); err != nil {
				t.Fatal(err)
			}
		}},
	} {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "data")
			p := place{dir: dir, path: filepath.Join(dir, "tasks.db"), backup: filepath.Join(dir, "backup.db")}
			s := open(t, Options{Path: p.path})
			fill(t, s, 10)
			if err := s.writer.conn.checkpointAll(t.Context()); err != nil {
				t.Fatal(err)
			}
			copyFile(t, p.path, p.backup)
			fill(t, s, 10)
			before := head(t, s)
			reader := open(t, Options{Path: p.path, ReadOnly: true})

			test.harm(t, p)
			acknowledged := before.Seq
			for range 3 {
				r, err := s.Write(t.Context(), newTask(t))
				switch {
				case err == nil: // safe after all: see kept
					acknowledged = r.Position.Seq
				case !errors.Is(err, task.ErrUnavailable):
					t.Errorf("Write: %v", err)
				}
			}
			if acknowledged != before.Seq && !test.kept {
				t.Errorf("a write was acknowledged")
			}
			for _, s := range []*Store{s, reader} {
				waittest.For(t, "the store fails", func() bool { return errors.Is(s.Err(), task.ErrUnavailable) })
				<-s.Failed()
				if _, _, err := s.Bounds(t.Context()); !errors.Is(err, task.ErrUnavailable) {
					t.Errorf("Bounds: %v", err)
				}
				if err := s.Close(); err != nil {
					t.Logf("Close: %v", err)
				}
			}
			if !strings.Contains(s.Err().Error(), "tasks.db") {
				t.Errorf("the reason names no file: %v", s.Err())
			}

			again, err := Open(t.Context(), Options{Path: p.path})
			if err != nil {
				if test.kept {
					t.Fatalf("Open: %v", err)
				}
				var problem *FileError
				if !errors.As(err, &problem) {
					t.Errorf("Open does not say what is wrong: %v", err)
				}
				return
			}
			defer again.Close()
			after := head(t, again)
			switch {
			case test.kept && (after.Epoch != before.Epoch || after.Seq < acknowledged):
				t.Errorf("the log stood at %s with %d acknowledged, and stands at %s", before, acknowledged, after)
			case !test.kept && after.Epoch == before.Epoch:
				t.Errorf("the log stood at %s, and stands at %s: nobody is told", before, after)
			}
		})
	}
}

// TestLossIsTold opens databases that have lost commits.
func TestLossIsTold(t *testing.T) {
	for name, harm := range map[string]func(t *testing.T, path string){
		"log lost with the power": func(t *testing.T, path string) { remove(t, path+"-wal") },
		"emptied": func(t *testing.T, path string) {
			remove(t, path+"-wal")
			if err := os.Truncate(path, 0); err != nil {
				t.Fatal(err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			killed, path := filepath.Join(dir, "killed.db"), filepath.Join(dir, "tasks.db")
			s := open(t, Options{Path: path})
			fill(t, s, 5)
			had := head(t, s)
			// The state that kill -9 leaves: nothing has been moved into the database. A
			// link keeps the witness the same file.
			for _, suffix := range []string{"", "-wal"} {
				copyFile(t, path+suffix, killed+suffix)
			}
			if err := os.Link(witnessPath(path), witnessPath(killed)); err != nil {
				t.Fatal(err)
			}
			harm(t, killed)
			var log strings.Builder
			again := open(t, Options{Path: killed, ReadOnly: true, Logger: slog.New(slog.NewTextHandler(&log, nil))})
			loss, err := LastLoss(killed)
			if err != nil || loss == nil || loss.Had != had || loss.Has.Seq != 0 || head(t, again).Epoch != loss.Has.Epoch {
				t.Errorf("the loss is told as %+v, %v; the log stood at %s", loss, err, had)
			}
			if !strings.Contains(log.String(), "level=ERROR") || !strings.Contains(log.String(), had.String()) {
				t.Errorf("logged: %s", log.String())
			}
		})
	}
	path := filepath.Join(t.TempDir(), "tasks.db")
	for range 2 { // a database that is new, and one that is closed and opened
		s := open(t, Options{Path: path})
		fill(t, s, 2)
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		if loss, err := LastLoss(path); loss != nil || err != nil {
			t.Errorf("a loss of nothing: %+v, %v", loss, err)
		}
	}
}

// TestFilesArePrivate also takes rights away that earlier versions gave.
func TestFilesArePrivate(t *testing.T) {
	path := filepath.Join(t.TempDir(), "tasks.db")
	s := open(t, Options{Path: path})
	fill(t, s, 2)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(indexPath(path), 0o644); err != nil {
		t.Fatal(err)
	}
	s = open(t, Options{Path: path, Logger: slog.New(slog.NewTextHandler(io.Discard, nil))})
	fill(t, s, 2)
	awaitIndex(t, s)
	files, err := filepath.Glob(path + "*")
	if err != nil || len(files) < 6 {
		t.Fatalf("%q, %v", files, err)
	}
	for _, file := range files {
		if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %v, %v", file, info.Mode(), err)
		}
	}
}
