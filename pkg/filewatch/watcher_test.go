package filewatch_test

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"taskctl/pkg/filewatch"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// waitTime is how long a test waits for what must happen.
const waitTime = 20 * time.Second

// watched is a directory under test and what was told of it.
type watched struct {
	t       *testing.T
	dir     string
	changed chan []string
	trouble chan error
}

// watch watches the patterns in a directory that has these files.
func watch(t *testing.T, patterns, files []string) *watched {
	t.Helper()
	w := &watched{t: t, dir: t.TempDir(), changed: make(chan []string, 100), trouble: make(chan error, 100)}
	for _, name := range files {
		w.write(name, "before")
	}
	watcher, err := filewatch.New(filewatch.Config{
		Dir: w.dir, Patterns: patterns, Skip: []string{filepath.Join(w.dir, "data")},
		Changed: func(files []string) { w.changed <- files },
		Trouble: func(err error) { w.trouble <- err },
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- watcher.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	<-watcher.Ready()
	return w
}

func (w *watched) path(name string) string { return filepath.Join(w.dir, filepath.FromSlash(name)) }

func (w *watched) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *watched) write(name, text string) {
	w.t.Helper()
	w.must(os.MkdirAll(filepath.Dir(w.path(name)), 0o700))
	w.must(os.WriteFile(w.path(name), []byte(text), 0o600))
}

// see waits until every one of the files has been told, and no other.
func (w *watched) see(names ...string) {
	w.t.Helper()
	var seen []string
	for timeout := time.After(waitTime); len(seen) < len(names); {
		select {
		case files := <-w.changed:
			seen = append(seen, files...)
			slices.Sort(seen)
			seen = slices.Compact(seen)
		case <-timeout:
			w.t.Fatalf("changed %q, want %q", seen, names)
		}
	}
	if !slices.Equal(seen, names) {
		w.t.Fatalf("changed %q, want %q", seen, names)
	}
}

// told waits for a trouble.
func (w *watched) told() error {
	w.t.Helper()
	select {
	case err := <-w.trouble:
		return err
	case <-time.After(waitTime):
		w.t.Fatal("nothing was told")
		return nil
	}
}

func TestWhatEditorsAndToolsDoIsSeen(t *testing.T) {
	for _, tt := range []struct {
		name string
		do   func(w *watched)
		want []string
	}{
		{"writing in place", func(w *watched) { w.write("src/a.py", "after it was changed") }, []string{"src/a.py"}},
		{"touch", func(w *watched) {
			later := time.Now().Add(time.Minute)
			w.must(os.Chtimes(w.path("src/a.py"), later, later))
		}, []string{"src/a.py"}},
		{"renaming another file over it", func(w *watched) {
			w.write("src/.a.py.tmp", "before")
			w.must(os.Rename(w.path("src/.a.py.tmp"), w.path("src/a.py")))
		}, []string{"src/a.py"}},
		{"moving it to a backup and writing it anew", func(w *watched) {
			w.must(os.Rename(w.path("src/a.py"), w.path("src/a.py~")))
			w.write("src/a.py", "before")
		}, []string{"src/a.py"}},
		{"a new file", func(w *watched) { w.write("src/c.py", "new") }, []string{"src/c.py"}},
		{"a removed file", func(w *watched) { w.must(os.Remove(w.path("src/a.py"))) }, []string{"src/a.py"}},
		{"a new directory with directories and files", func(w *watched) {
			w.write("src/new/deep/er/d.py", "new")
			w.write("src/new/e.py", "new")
		}, []string{"src/new/deep/er/d.py", "src/new/e.py"}},
		{"a directory that is moved in", func(w *watched) {
			w.write("elsewhere/x.py", "new")
			w.must(os.Rename(w.path("elsewhere"), w.path("src/moved")))
		}, []string{"src/moved/x.py"}},
		{"a directory that is replaced", func(w *watched) {
			w.must(os.RemoveAll(w.path("src/sub")))
			w.write("src/sub/b.py", "after it was changed")
		}, []string{"src/sub/b.py"}},
		{"chmod +x", func(w *watched) { w.must(os.Chmod(w.path("src/a.py"), 0o700)) }, []string{"src/a.py"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := watch(t, []string{"src/**/*.py"}, []string{"src/a.py", "src/sub/b.py"})
			tt.do(w)
			w.see(tt.want...)
		})
	}
}

func TestABurstIsToldOnce(t *testing.T) {
	w := watch(t, []string{"*.py"}, []string{"a.py"})
	for i := range 50 {
		w.write("a.py", strings.Repeat("x", i))
		w.write("b.py", strings.Repeat("x", i))
	}
	const slow = 10 // on a machine that pauses the loop above, a burst is more than one
	for tells := 1; ; tells++ {
		select {
		case files := <-w.changed:
			if slices.Equal(files, []string{"c.py"}) && tells > 1 {
				return
			}
			if tells > slow {
				t.Fatalf("it was told %d times, now %q", tells, files)
			}
			w.write("c.py", strings.Repeat("x", tells))
		case <-time.After(waitTime):
			t.Fatal("nothing was told")
		}
	}
}

func TestADirectoryThatWasNewIsWatched(t *testing.T) {
	w := watch(t, []string{"src/**"}, []string{"src/a.py"})
	w.write("src/new/b.py", "new")
	w.see("src/new/b.py")
	w.write("src/new/b.py", "changed after it was seen")
	w.see("src/new/b.py")
}

func TestWhatDoesNotMatchIsNotTold(t *testing.T) {
	w := watch(t, []string{"**", "data/x"}, []string{"a.py", "data/x"})
	for _, name := range []string{".git/index", ".a.py.swp", "data/x", "data/taskctl.db-wal", "node_modules/m/x.js", "__pycache__/a.pyc"} {
		w.write(name, "changed")
	}
	w.write("b/c.py", "changed")
	w.see("b/c.py")
}

func TestADirectoryThatVanishesIsToldAndWatchedWhenItIsBack(t *testing.T) {
	w := watch(t, []string{"src/lib/*.py"}, []string{"src/lib/a.py"})
	w.must(os.Rename(w.path("src"), w.path("away")))
	var gone *filewatch.DirError
	if err := w.told(); !errors.As(err, &gone) || gone.Dir != "src/lib" || !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("told %v", err)
	}
	w.write("src/lib/a.py", "another text")
	w.see("src/lib/a.py")
	w.must(os.Rename(w.path("src/lib"), w.path("away/again")))
	if err := w.told(); !errors.As(err, &gone) {
		t.Errorf("the second time it told %v", err)
	}
}

func TestPatternsThatMatchNothingAreTold(t *testing.T) {
	if err := watch(t, []string{"*.py"}, []string{"a.js"}).told(); !errors.Is(err, filewatch.ErrNoMatch) {
		t.Errorf("told %v", err)
	}
	w := watch(t, []string{"nowhere/*.py"}, nil)
	if err := w.told(); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("told %v", err)
	}
	w.write("nowhere/a.py", "it came later")
	w.see("nowhere/a.py")
}

func TestPatterns(t *testing.T) {
	dir := t.TempDir()
	w := &watched{t: t, dir: dir}
	for _, name := range []string{"top.py", "w/a.py", "w/b.txt", "w/.hidden.py", "w/x/c.py", "w/x/y/d.py", "w/.venv/e.py", "w/node_modules/f.py"} {
		w.write(name, "")
	}
	w.must(os.Symlink("w", w.path("link")))
	w.must(os.Symlink("..", w.path("w/x/circle")))
	for _, tt := range []struct{ pattern, want string }{
		{"*.py", "top.py"},
		{"w/*.py", "w/a.py"},
		{"w/**/*.py", "w/a.py w/x/c.py w/x/y/d.py"},
		{"w/**/**/*.py", "w/a.py w/x/c.py w/x/y/d.py"},
		{"w", "w/a.py w/b.txt w/x/c.py w/x/y/d.py"},
		{"./w/x/", "w/x/c.py w/x/y/d.py"},
		{"w/**", "w/a.py w/b.txt w/x/c.py w/x/y/d.py"},
		{"**/y/*", "w/x/y/d.py"},
		{"w/*", "w/a.py w/b.txt"},
		{"w/*/[cd].py", "w/x/c.py"},
		{"w/.*.py", "w/.hidden.py"},
		{"w/.venv/**", "w/.venv/e.py"},
		{"w/node_modules/*.py", "w/node_modules/f.py"},
		{"w/a.py", "w/a.py"},
		{"link/*.py", "link/a.py"},
		{"w/../top.py", "top.py"},
		{filepath.Join(dir, "w", "b.*"), "w/b.txt"},
		{"nothing/*.py", ""},
	} {
		watcher, err := filewatch.New(filewatch.Config{Dir: dir, Patterns: []string{tt.pattern}})
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(watcher.Matches(), " "); got != tt.want {
			t.Errorf("%s matches %q, want %q", tt.pattern, got, tt.want)
		}
	}
	for _, bad := range []string{"", "[a", "*.{js,ts}"} {
		if filewatch.Valid(bad) {
			t.Errorf("%q is taken for a pattern", bad)
		}
	}
}
