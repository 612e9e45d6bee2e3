package logfile_test

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
	"taskctl/pkg/logfile"

	"taskctl/pkg/wait/waittest"
)

// smallDisk puts a disk of its own under dir, where this user may do so.
func smallDisk(t *testing.T, dir, size string) {
	t.Helper()
	if err := syscall.Mount("logfile-test", dir, "tmpfs", 0, "size="+size); err != nil {
		t.Skipf("a small disk cannot be mounted: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, syscall.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
}

// On a full disk only whole lines precede the note, the note counts the missing bytes
// exactly, and later lines are whole.
func TestFullDisk(t *testing.T) {
	dir := t.TempDir()
	smallDisk(t, dir, "256k") // without it, TestFileSizeLimit covers the writing
	ballast := filepath.Join(dir, "ballast")
	writeFile(t, strings.Repeat("x", 128<<10), ballast)
	set := openSet(t, dir, logfile.Options{})
	fillUp(t, set, dir, "no space left on device", func() { _ = os.Remove(ballast) })

	// On a full disk no new file can be created either, which does not affect a child.
	writeFile(t, "", ballast)
	_ = os.WriteFile(ballast, make([]byte, 1<<20), 0o644) // as much as there is room for
	write(t, openStream(t, set, "late", logfile.Out), "lost\n")
	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	write(t, openStream(t, set, "late", logfile.Out), "kept\n")
	closeSet(t, set)
	got := readAll(t, dir, everything("late"))
	if len(got) != 2 || got[0] != "[taskctl] 1 lines (37 bytes) dropped: no space left on device" || got[1] != "kept" {
		t.Errorf("got %q", got)
	}
}

// A blocking stream has every line in the file, whole and in order, once there is free
// space.
func TestBlockingStreamOnAFullDisk(t *testing.T) {
	dir := t.TempDir()
	smallDisk(t, dir, "256k")
	ballast := filepath.Join(dir, "ballast")
	writeFile(t, strings.Repeat("x", 128<<10), ballast)
	set := openSet(t, dir, logfile.Options{})
	file, err := set.File("consumer")
	if err != nil {
		t.Fatal(err)
	}
	out := file.BlockingStream(logfile.Out)
	texts := numbered(0, 5_000) // 220 kB
	written := make(chan struct{})
	go func() {
		defer close(written)
		_, _ = io.WriteString(out, strings.Join(texts, "\n")+"\n")
	}()
	waittest.For(t, "the disk to be full", func() bool {
		var disk syscall.Statfs_t
		return syscall.Statfs(dir, &disk) == nil && disk.Bavail == 0
	})
	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	<-written
	closeSet(t, set)
	if lines, _ := set.Dropped(); lines != 0 {
		t.Errorf("%d lines dropped", lines)
	}
	if diff := cmp.Diff(texts, readAll(t, dir, everything("consumer"))); diff != "" {
		t.Error(diff)
	}
}

// A stray that has no room in logs/, on another disk, stays where it is.
func TestStrayWithoutRoom(t *testing.T) {
	dir := t.TempDir()
	logs := filepath.Join(dir, "logs")
	if err := os.Mkdir(logs, 0o755); err != nil {
		t.Fatal(err)
	}
	smallDisk(t, logs, "64k")
	text := strings.Repeat("x", 128<<10)
	writeFile(t, text, dir, "flask_api.log")
	result, err := scan(t, dir).Plan(everyStep).Apply(nil)
	if !errors.Is(err, syscall.ENOSPC) || len(result.Done) != 0 {
		t.Errorf("Apply = %+v, %v", result, err)
	}
	if readFile(t, dir, "flask_api.log") != text {
		t.Error("the stray is not whole any more")
	}
	if left := glob(t, logs, "*"); len(left) != 0 {
		t.Errorf("logs/ now has %q", left)
	}
}

// A full disk without being root: in a process of its own, with a limit for the size of
// its files.
func TestFileSizeLimit(t *testing.T) {
	const limited = "LOGFILE_TEST_LIMITED"
	if dir := os.Getenv(limited); dir != "" {
		var old syscall.Rlimit
		if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &old); err != nil {
			t.Fatal(err)
		}
		if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: 100_001, Max: old.Max}); err != nil {
			t.Fatal(err)
		}
		set := openSet(t, dir, logfile.Options{})
		fillUp(t, set, dir, "file too large", func() {
			if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &old); err != nil {
				t.Fatal(err)
			}
		})
		closeSet(t, set)
		return
	}
	cmd := exec.Command(os.Args[0], "-test.run=^TestFileSizeLimit$", "-test.v")
	cmd.Env = append(os.Environ(), limited+"="+t.TempDir())
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

// fillUp writes until the disk is full, frees space, and checks the file.
func fillUp(t *testing.T, set *logfile.Set, dir, cause string, makeRoom func()) {
	t.Helper()
	out := openStream(t, set, "api", logfile.Out)
	texts := numbered(0, 12_000) // 500 kB
	for _, text := range texts {
		write(t, out, text+"\n")
	}
	lines, bytes := set.Dropped()
	if lines == 0 || lines >= 12_000 {
		t.Fatalf("%d lines dropped", lines)
	}
	makeRoom()
	write(t, out, "room again\n")

	got := readAll(t, dir, everything("api"))
	whole := 12_000 - int(lines)
	if got[len(got)-1] != "room again" {
		t.Fatalf("the last line is %q", got[len(got)-1])
	}
	for i, text := range texts[:whole] {
		if got[i] != text {
			t.Fatalf("line %d is %q", i, got[i])
		}
	}
	rest := got[whole : len(got)-1] // one that was cut short, if any, and the note
	note := rest[len(rest)-1]
	parts := regexp.MustCompile(`^\[taskctl\] ([\d,]+) lines \(([\d,]+) bytes\) dropped: (.*)$`).FindStringSubmatch(note)
	if parts == nil || len(rest) > 2 || parts[3] != cause {
		t.Fatalf("between the lines: %q", rest)
	}
	if len(rest) == 2 && !strings.HasPrefix(texts[whole], rest[0]) && !strings.HasPrefix("2026", rest[0][:2]) {
		t.Errorf("the line cut short is %q, of %q", rest[0], texts[whole])
	}
	info, err := os.Stat(filepath.Join(dir, "api.log"))
	if errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	const line = int64(len("2026-01-02T03:04:05.000000Z out line 000000\n"))
	after := int64(len("2026-01-02T03:04:05.000000Z log "+note+"\n") + len("2026-01-02T03:04:05.000000Z out room again\n"))
	if len(rest) == 2 {
		after++ // the newline that closes it
	}
	if kept := info.Size() - after; kept+bytes != 12_000*line {
		t.Errorf("%d bytes kept and %d lost, of %d", kept, bytes, 12_000*line)
	}
}
