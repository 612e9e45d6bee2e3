package sqlite

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"taskctl/pkg/message"
	"taskctl/pkg/task"
)

// made returns the path of a database with tasks in it, closed.
func made(t *testing.T, tasks int) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "data", "taskctl.db")
	s := open(t, Options{Path: path})
	for range tasks {
		addTask(t, s, "title", strings.Repeat("description ", 20))
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

// alter runs SQL on the file at path; it keeps the WAL, as a process that was
// killed leaves it.
func alter(t *testing.T, path, sql string) {
	t.Helper()
	c, err := connect(t.Context(), path, readWrite)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	if err := c.exec(t.Context(), sql); err != nil {
		t.Fatal(err)
	}
}

func overwrite(t *testing.T, path string, at int64, with []byte) {
	t.Helper()
	file, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	_, err = file.WriteAt(with, at)
	if err = errors.Join(err, file.Close()); err != nil {
		t.Fatal(err)
	}
}

// A writer that cannot be opened is an error of Open.
func TestOpenWithoutKeys(t *testing.T) {
	path := made(t, 1)
	alter(t, path, "DROP TABLE keys")
	if s, err := Open(t.Context(), Options{Path: path}); err == nil || s != nil {
		t.Errorf("opened a database without the table keys: %v, %v", s, err)
	}
}

func TestOpenRefuses(t *testing.T) {
	junk := bytes.Repeat([]byte{0xA5, 0x5A, 0x00, 0xFF}, 1024)
	for _, test := range []struct {
		name  string
		spoil func(t *testing.T) (path string)
		want  Problem
	}{
		{"a text file", func(t *testing.T) string {
			path := filepath.Join(t.TempDir(), "notes.txt")
			if err := os.WriteFile(path, bytes.Repeat([]byte("no database\n"), 100), 0o600); err != nil {
				t.Fatal(err)
			}
			return path
		}, NotDatabase},
		{"a short text file", func(t *testing.T) string {
			path := filepath.Join(t.TempDir(), "notes.txt")
			if err := os.WriteFile(path, []byte("hello"), 0o600); err != nil {
				t.Fatal(err)
			}
			return path
		}, NotDatabase},
		{"a directory", func(t *testing.T) string { return t.TempDir() }, NotDatabase},
		{"a spoiled first page", func(t *testing.T) string {
			path := made(t, 20)
			overwrite(t, path, 0, junk)
			return path
		}, NotDatabase},
		{"a spoiled page", func(t *testing.T) string {
			path := made(t, 100)
			overwrite(t, path, 4096, junk)
			return path
		}, Corrupt},
		{"a file cut short", func(t *testing.T) string {
			path := made(t, 100)
			if err := os.Truncate(path, 3*4096+100); err != nil {
				t.Fatal(err)
			}
			return path
		}, Corrupt},
		{"another program's database", func(t *testing.T) string {
			path := filepath.Join(t.TempDir(), "other.db")
			alter(t, path, "CREATE TABLE other (x)")
			return path
		}, Foreign},
		{"a newer version", func(t *testing.T) string {
			path := made(t, 5)
			alter(t, path, "PRAGMA user_version = 4711")
			return path
		}, Newer},
	} {
		t.Run(test.name, func(t *testing.T) {
			path := test.spoil(t)
			before := readAll(t, path)
			for _, readOnly := range []bool{false, true} {
				s, err := Open(t.Context(), Options{Path: path, ReadOnly: readOnly})
				if err == nil {
					t.Fatal(errors.Join(errors.New("opened"), s.Close()))
				}
				var problem *FileError
				if !errors.As(err, &problem) || problem.Problem != test.want || problem.Path != path {
					t.Fatalf("error %#v %v, want problem %d", problem, err, test.want)
				}
				for _, text := range []string{err.Error(), problem.Describe(message.Spanish)} {
					if !strings.Contains(text, path) {
						t.Errorf("%q does not name the file", text)
					}
				}
				if got := readAll(t, path); !bytes.Equal(got, before) {
					t.Error("the file was changed")
				}
			}
		})
	}
}

// readAll returns what is in a file and in its WAL.
func readAll(t *testing.T, path string) []byte {
	t.Helper()
	var all []byte
	for _, name := range []string{path, path + "-wal"} {
		text, err := os.ReadFile(name)
		if err != nil && !errors.Is(err, os.ErrNotExist) && !strings.Contains(err.Error(), "is a directory") {
			t.Fatal(err)
		}
		all = append(all, text...)
	}
	return all
}

func TestOpenWithoutPermission(t *testing.T) {
	if os.Geteuid() == 0 {
		t.Skip("root may write everywhere")
	}
	refused := func(t *testing.T, path string) {
		t.Helper()
		_, err := Open(t.Context(), Options{Path: path})
		var problem *FileError
		if !errors.As(err, &problem) || problem.Problem != ReadOnly {
			t.Fatalf("error %v", err)
		}
	}
	t.Run("file", func(t *testing.T) {
		path := made(t, 1)
		if err := os.Chmod(path, 0o400); err != nil {
			t.Fatal(err)
		}
		refused(t, path)
	})
	t.Run("directory", func(t *testing.T) {
		dir := filepath.Join(t.TempDir(), "locked")
		if err := os.Mkdir(dir, 0o500); err != nil {
			t.Fatal(err)
		}
		refused(t, filepath.Join(dir, "taskctl.db"))
		refused(t, filepath.Join(dir, "data", "taskctl.db"))
	})
}

func TestOpenCreates(t *testing.T) {
	for name, o := range map[string]Options{"to write": {}, "to read": {ReadOnly: true}} {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "a?b#c%41 d", "data")
			o.Path = filepath.Join(dir, "tasks.db")
			s := open(t, o)
			_, head, err := s.Bounds(t.Context())
			if err != nil || head.Epoch == "" || head.Seq != 0 {
				t.Fatalf("a new log at %v, %v", head, err)
			}
			for path, want := range map[string]os.FileMode{dir: 0o700, o.Path: 0o600, o.Path + "-wal": 0o600} {
				info, err := os.Stat(path)
				if err != nil {
					t.Fatal(err)
				}
				if got := info.Mode().Perm(); got != want {
					t.Errorf("%s has mode %o, want %o", path, got, want)
				}
			}
			left, err := filepath.Glob(filepath.Join(dir, ".new*"))
			if err != nil || len(left) > 0 {
				t.Errorf("left behind: %v, %v", left, err)
			}
		})
	}
}

// TestOpenRace has many open the same missing file at once: all see one epoch.
func TestOpenRace(t *testing.T) {
	for range 5 {
		path := filepath.Join(t.TempDir(), "data", "tasks.db")
		stores := make([]*Store, 6)
		var opening sync.WaitGroup
		for i := range stores {
			opening.Go(func() {
				s, err := Open(t.Context(), Options{Path: path, ReadOnly: i%2 == 1})
				if err != nil {
					t.Error(err)
					return
				}
				stores[i] = s
			})
		}
		opening.Wait()
		epochs := map[string]bool{}
		for _, s := range stores {
			if s == nil {
				continue
			}
			_, head, err := s.Bounds(t.Context())
			if err != nil {
				t.Error(err)
			}
			epochs[head.Epoch] = true
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		}
		if len(epochs) != 1 {
			t.Errorf("epochs %v", epochs)
		}
	}
}

func TestOpenReadOnly(t *testing.T) {
	path := made(t, 3)
	reader := open(t, Options{Path: path, ReadOnly: true})
	if _, err := reader.Write(t.Context(), task.Change{Kind: task.Create}); !errors.Is(err, task.ErrUnavailable) {
		t.Fatalf("Write: %v", err)
	}
	writer := open(t, Options{Path: path})
	want := addTask(t, writer, "seen", "")
	got, at, err := reader.Get(t.Context(), want.Task.ID)
	if err != nil || !bytes.Equal(got.JSON, want.JSON) || got.Version != want.Task.Version || at != want.Position {
		t.Fatalf("Get: %v at %v, %v", got, at, err)
	}
	if page, err := reader.List(t.Context(), task.Query{Limit: 9, Contains: "SEEN"}); err != nil || len(page.Records) != 1 {
		t.Fatalf("List: %v, %v", page, err)
	}
	events, _, err := reader.Read(t.Context(), task.Position{Seq: 3}, 10)
	if err != nil || len(events) != 1 || !bytes.Equal(events[0].Task, want.JSON) {
		t.Fatalf("Read: %v, %v", events, err)
	}
}

func TestOpenEnded(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	path := filepath.Join(t.TempDir(), "tasks.db")
	if s, err := Open(ctx, Options{Path: path}); !errors.Is(err, context.Canceled) {
		t.Fatalf("Open: %v, %v", s, err)
	}
}

// TestMigrate takes a file through two versions, in two processes' stead.
func TestMigrate(t *testing.T) {
	path := made(t, 2)
	scripts, err := migrations()
	if err != nil {
		t.Fatal(err)
	}
	scripts = append(scripts, "ALTER TABLE log ADD COLUMN note TEXT NOT NULL DEFAULT 'new'")
	var migrating sync.WaitGroup
	for range 4 {
		migrating.Go(func() {
			if err := (&preparation{path: path, scripts: scripts, logger: slog.New(slog.DiscardHandler)}).run(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	migrating.Wait()
	var problem *FileError
	if _, err := Open(t.Context(), Options{Path: path}); !errors.As(err, &problem) || problem.Problem != Newer {
		t.Fatalf("the older version opens it: %v", err)
	}
	if fit, err := inspect(t.Context(), path, len(scripts)); err != nil || !fit {
		t.Fatalf("the newer version finds it fit: %v, %v", fit, err)
	}
	// A step that fails leaves no trace.
	if err := (&preparation{path: path, scripts: append(scripts, "CREATE TABLE half (x); CREATE TABLE log (x)"), logger: slog.New(slog.DiscardHandler)}).run(t.Context()); err == nil {
		t.Fatal("no error")
	}
	if fit, err := inspect(t.Context(), path, len(scripts)); err != nil || !fit {
		t.Fatalf("after a step that failed: %v, %v", fit, err)
	}
}
