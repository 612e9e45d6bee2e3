package sqlite

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"taskctl/pkg/task"
)

// TestBackupUnderLoad backs up while many write. Each backup is whole, and holds
// exactly the events up to its position.
func TestBackupUnderLoad(t *testing.T) {
	dir := t.TempDir()
	s := open(t, Options{Path: filepath.Join(dir, "tasks.db")})
	stop := make(chan struct{})
	var writers sync.WaitGroup
	for range 16 {
		writers.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
					addTask(t, s, "x", "y")
				}
			}
		})
	}
	defer func() {
		close(stop)
		writers.Wait()
	}()
	var last uint64
	for i := range 5 {
		before := head(t, s)
		to := filepath.Join(dir, string(rune('a'+i))+".db")
		info, err := Backup(t.Context(), filepath.Join(dir, "tasks.db"), to)
		if err != nil {
			t.Fatal(err)
		}
		after := head(t, s)
		if info.Position.Epoch != before.Epoch || info.Position.Seq < before.Seq || info.Position.Seq > after.Seq || uint64(info.Tasks) != info.Position.Seq {
			t.Errorf("between %s and %s: %+v", before, after, info)
		}
		if info.Position.Seq < last {
			t.Errorf("position %d after %d", info.Position.Seq, last)
		}
		last = info.Position.Seq
		if found, err := verify(t.Context(), to, to, newPace(to)); err != nil || found != info {
			t.Errorf("the file has %+v, %v; the backup told %+v", found, err, info)
		}
		if file, err := os.Stat(to); err != nil || file.Mode().Perm() != 0o600 {
			t.Errorf("mode %v, %v", file.Mode(), err)
		}
	}
	if _, err := Backup(t.Context(), filepath.Join(dir, "tasks.db"), filepath.Join(dir, "a.db")); !errors.Is(err, fs.ErrExist) {
		t.Errorf("over a file that is there: %v", err)
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "*"+partialSuffix+"*")); len(left) > 0 {
		t.Errorf("left behind: %q", left)
	}
}

// TestBackupIsOneFile has no log beside it, although that of the database is in use.
func TestBackupIsOneFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "tasks.db")
	fill(t, open(t, Options{Path: path}), 100)
	to := path + "-backup"
	if info, err := Backup(t.Context(), path, to); err != nil || info.Tasks != 100 {
		t.Fatalf("%+v, %v", info, err)
	}
	text, err := os.ReadFile(to)
	if err != nil {
		t.Fatal(err)
	}
	const writeVersion, rollbackJournal = 18, 1 // https://sqlite.org/fileformat2.html, section 1.3
	if text[writeVersion] != rollbackJournal {
		t.Errorf("write version %d", text[writeVersion])
	}
	if left, _ := filepath.Glob(to + "?*"); len(left) > 0 {
		t.Errorf("besides the backup: %q", left)
	}
}

func TestRestore(t *testing.T) {
	for name, harm := range map[string]func(t *testing.T, path string){
		"over a database that was closed": func(*testing.T, string) {},
		"where there is none":             func(t *testing.T, path string) { remove(t, path); remove(t, witnessPath(path)) },
		"over a damaged one with a log": func(t *testing.T, path string) {
			for _, suffix := range []string{"", "-wal"} {
				if err := os.WriteFile(path+suffix, []byte("rubbish, and more rubbish"), 0o600); err != nil {
					t.Fatal(err)
				}
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			path, backup := filepath.Join(dir, "tasks.db"), filepath.Join(dir, "backup.db")
			s := open(t, Options{Path: path})
			fill(t, s, 5)
			info, err := Backup(t.Context(), path, backup)
			if err != nil {
				t.Fatal(err)
			}
			fill(t, s, 3)
			was := head(t, s)
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			harm(t, path)
			restored, err := Restore(t.Context(), backup, path)
			if err != nil || restored.Position != info.Position || restored.Tasks != 5 {
				t.Fatalf("restored %+v, %v; the backup has %+v", restored, err, info)
			}
			s = open(t, Options{Path: path})
			at := head(t, s)
			if at.Seq != 5 || at.Epoch == was.Epoch {
				t.Errorf("from %s to %s", was, at)
			}
			if page, err := s.List(t.Context(), task.Query{Limit: 10}); err != nil || len(page.Records) != 5 {
				t.Errorf("%d tasks, %v", len(page.Records), err)
			}
			if loss, err := LastLoss(path); loss != nil || err != nil {
				t.Errorf("a restore is told as a loss: %+v, %v", loss, err)
			}
			fill(t, s, 1)
		})
	}
}

// TestRestoreOfNoBackup leaves the database as it was.
func TestRestoreOfNoBackup(t *testing.T) {
	path := made(t, 3)
	dir := filepath.Dir(path)
	backup := filepath.Join(dir, "backup.db")
	if _, err := Backup(t.Context(), path, backup); err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(backup)
	if err != nil {
		t.Fatal(err)
	}
	damaged := append([]byte{}, whole...)
	for i := 8192; i < 8192+2000; i++ {
		damaged[i] = 0xA5
	}
	for name, content := range map[string][]byte{
		"rubbish": []byte("not a database at all"), "empty": {}, "cut short": whole[:len(whole)/2], "damaged": damaged,
	} {
		file := filepath.Join(dir, "bad.db")
		if err := os.WriteFile(file, content, 0o600); err != nil {
			t.Fatal(err)
		}
		var problem *FileError
		if _, err := Restore(t.Context(), file, path); !errors.As(err, &problem) {
			t.Errorf("%s: %v", name, err)
		}
	}
	s := open(t, Options{Path: path})
	if at := head(t, s); at.Seq != 3 {
		t.Errorf("the log stands at %s", at)
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "*"+partialSuffix+"*")); len(left) > 0 {
		t.Errorf("left behind: %q", left)
	}
}
