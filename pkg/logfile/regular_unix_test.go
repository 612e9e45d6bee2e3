//go:build unix

package logfile_test

import (
	"errors"
	"net"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"taskctl/pkg/logfile"
)

// irregular creates things other than a regular file at the path of a log file.
func irregular(t *testing.T) map[string]func(path string) error {
	return map[string]func(path string) error{
		"FIFO":      func(path string) error { return syscall.Mkfifo(path, 0o600) },
		"directory": func(path string) error { return os.Mkdir(path, 0o700) },
		"symbolic link": func(path string) error {
			return os.Symlink(os.DevNull, path)
		},
		"socket": func(path string) error {
			l, err := net.Listen("unix", path)
			if err == nil {
				t.Cleanup(func() { _ = l.Close() })
			}
			return err
		},
	}
}

// shortDir is a directory whose sockets have short enough names.
func shortDir(t *testing.T) string {
	dir, err := os.MkdirTemp("", "logs")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

// inTime fails the test if f hangs.
func inTime(t *testing.T, what string, f func()) {
	t.Helper()
	done := make(chan struct{})
	go func() { defer close(done); f() }()
	select {
	case <-done:
	case <-time.After(time.Minute):
		t.Fatalf("%s hangs", what)
	}
}

func TestIrregularLogFileIsRefused(t *testing.T) {
	for kind, put := range irregular(t) {
		t.Run(kind, func(t *testing.T) {
			dir := shortDir(t)
			set := openSet(t, dir, logfile.Options{})
			if err := put(filepath.Join(dir, "api.log")); err != nil {
				t.Fatal(err)
			}
			inTime(t, "File", func() {
				_, err := set.File("api")
				if refused := (*logfile.NotRegularError)(nil); !errors.As(err, &refused) || refused.Type != kind {
					t.Errorf("File: %v", err)
				}
			})
			if found := logfile.NotRegular(dir, "api", "wsserver"); len(found) != 1 || found[0].Type != kind {
				t.Errorf("NotRegular: %v", found)
			}
			inTime(t, "EndsMidLine", func() { _, _ = logfile.EndsMidLine(dir, "api") })
			inTime(t, "Read", func() {
				err := logfile.Read(t.Context(), dir, everything("api"), func(logfile.Entry) error { return nil })
				if err == nil {
					t.Error("Read: no error")
				}
			})
			inTime(t, "Close", func() { closeSet(t, set) })
		})
	}
}

func TestIrregularLogFileWhileItIsWritten(t *testing.T) {
	for kind, put := range irregular(t) {
		t.Run(kind, func(t *testing.T) {
			dir := shortDir(t)
			path := filepath.Join(dir, "api.log")
			set := openSet(t, dir, logfile.Options{})
			out := openStream(t, set, "api", logfile.Out)
			write(t, out, "before\n")
			if err := errorsOf(os.Remove(path), put(path)); err != nil {
				t.Fatal(err)
			}
			inTime(t, "Write", func() { write(t, out, "dropped\n") })
			if lines, _ := set.Dropped(); lines != 1 {
				t.Errorf("%d lines dropped", lines)
			}
			if err := os.Remove(path); err != nil {
				t.Fatal(err)
			}
			write(t, out, "after\n")
			got := readAll(t, dir, everything("api"))
			if len(got) != 2 || got[0] != "[taskctl] 1 lines (40 bytes) dropped: it is not a regular file" || got[1] != "after" {
				t.Errorf("the log has %q", got)
			}
			if err := errorsOf(os.Remove(path), put(path)); err != nil {
				t.Fatal(err)
			}
			inTime(t, "Close", func() { _ = set.Close() })
		})
	}
}
