package logfile_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"taskctl/pkg/logfile"
)

func openSet(t testing.TB, dir string, o logfile.Options) *logfile.Set {
	t.Helper()
	set, err := logfile.Open(dir, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = set.Close() })
	return set
}

func openStream(t testing.TB, set *logfile.Set, name, stream string) *logfile.Stream {
	t.Helper()
	file, err := set.File(name)
	if err != nil {
		t.Fatal(err)
	}
	return file.Stream(stream)
}

// write may be called from any goroutine.
func write(t testing.TB, s *logfile.Stream, text string) {
	t.Helper()
	if n, err := s.Write([]byte(text)); err != nil || n != len(text) {
		t.Errorf("Write(%.40q) = %d, %v", text, n, err)
	}
}

func closeSet(t testing.TB, set *logfile.Set) {
	t.Helper()
	if err := set.Close(); err != nil {
		t.Fatal(err)
	}
}

// readAll returns the texts that Read finds.
func readAll(t testing.TB, dir string, o logfile.ReadOptions) []string {
	t.Helper()
	var texts []string
	for _, e := range readEntries(t, dir, o) {
		texts = append(texts, e.Text)
	}
	return texts
}

func readEntries(t testing.TB, dir string, o logfile.ReadOptions) []logfile.Entry {
	t.Helper()
	var entries []logfile.Entry
	err := logfile.Read(t.Context(), dir, o, func(e logfile.Entry) error {
		entries = append(entries, e)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return entries
}

func everything(names ...string) logfile.ReadOptions {
	return logfile.ReadOptions{Names: names, Last: logfile.All}
}

// follower runs Follow and lets the test wait for what it emits.
type follower struct {
	t      testing.TB
	lines  chan string
	caught chan struct{} // closed when what was there already has been emitted
}

func follow(t testing.TB, dir string, o logfile.ReadOptions) *follower {
	t.Helper()
	f := &follower{t: t, lines: make(chan string, 1<<20), caught: make(chan struct{})}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	var once sync.Once
	o.Every = time.Millisecond
	o.Flush = func() error {
		once.Do(func() { close(f.caught) })
		return nil
	}
	go func() {
		ended <- logfile.Follow(ctx, dir, o, func(e logfile.Entry) error {
			f.lines <- e.Text
			return nil
		})
	}()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("Follow: %v", err)
		}
		close(f.lines)
		for line := range f.lines {
			t.Errorf("Follow emitted more than was waited for: %q", line)
		}
	})
	<-f.caught
	return f
}

func (f *follower) want(texts ...string) {
	f.t.Helper()
	for _, want := range texts {
		select {
		case got := <-f.lines:
			if got != want {
				f.t.Fatalf("Follow emitted %q, want %q", got, want)
			}
		case <-time.After(time.Minute):
			f.t.Fatalf("Follow did not emit %q", want)
		}
	}
}

func glob(t testing.TB, pattern ...string) []string {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(pattern...))
	if err != nil {
		t.Error(err)
	}
	return paths
}

func readFile(t testing.TB, path ...string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(path...))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func writeFile(t testing.TB, text string, path ...string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(path...), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// numbered returns n texts that tell their place.
func numbered(from, n int) []string {
	texts := make([]string, n)
	for i := range texts {
		texts[i] = fmt.Sprintf("line %06d", from+i)
	}
	return texts
}

func block(texts []string) string { return strings.Join(texts, "\n") + "\n" }

var errStop = errors.New("stop")
