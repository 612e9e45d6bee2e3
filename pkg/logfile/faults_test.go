package logfile_test

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"
	"taskctl/pkg/logfile"

	"taskctl/pkg/wait/waittest"
)

// Faults of lumberjack, and changes of its files from outside.
func TestWritingGoesOnWhateverIsDoneToTheFile(t *testing.T) {
	for _, tt := range []struct {
		name string
		do   func(path string) error
		want []string // what is in the file at the end
	}{
		{"deleted", os.Remove, []string{"after", "and after"}},
		{"renamed", func(path string) error { return os.Rename(path, path+".old") }, []string{"after", "and after"}},
		{"its folder deleted", func(path string) error { return os.RemoveAll(filepath.Dir(path)) }, []string{"after", "and after"}},
		{"replaced", func(path string) error {
			return errorsOf(os.WriteFile(path+".new", []byte("new\n"), 0o644), os.Rename(path+".new", path))
		}, []string{"new", "after", "and after"}},
		{"emptied", func(path string) error { return os.Truncate(path, 0) }, []string{"after", "and after"}},
		{"cut in mid-line", func(path string) error { return os.Truncate(path, 34) }, []string{"be", "after", "and after"}},
		{"made longer", func(path string) error { return appendTo(path, "foreign") }, []string{"before", "foreign", "after", "and after"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if runtime.GOOS == "windows" && tt.name != "emptied" {
				t.Skip("Windows does not let an open file be renamed or deleted")
			}
			dir := filepath.Join(t.TempDir(), "logs")
			set := openSet(t, dir, logfile.Options{})
			out := openStream(t, set, "api", logfile.Out)
			write(t, out, "before\n")
			if err := tt.do(filepath.Join(dir, "api.log")); err != nil {
				t.Fatal(err)
			}
			write(t, out, "after\n")
			write(t, out, "and after\n")
			closeSet(t, set)
			if text := readFile(t, dir, "api.log"); strings.ContainsRune(text, 0) {
				t.Errorf("the file has a hole: %q", text)
			}
			if diff := cmp.Diff(tt.want, readAll(t, dir, everything("api"))); diff != "" {
				t.Error(diff)
			}
			if lines, _ := set.Dropped(); lines != 0 {
				t.Errorf("%d lines dropped", lines)
			}
		})
	}
}

// A blocking stream waits for its file, and then has all its lines in it; after
// StopBlocking it does not wait.
func TestBlockingStream(t *testing.T) {
	for name, hurried := range map[string]bool{"waits": false, "in a stopBlocking": true} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			set := openSet(t, dir, logfile.Options{})
			file, err := set.File("consumer")
			if err != nil {
				t.Fatal(err)
			}
			out := file.BlockingStream(logfile.Out)
			write(t, out, "before\n")
			path := filepath.Join(dir, "consumer.log")
			if err := errorsOf(os.Rename(path, path+".away"), os.Mkdir(path, 0o755)); err != nil {
				t.Fatal(err)
			}
			written := make(chan struct{})
			go func() {
				defer close(written)
				_, _ = io.WriteString(out, "one\ntwo\nthr")
				_, _ = io.WriteString(out, "ee\n")
				_ = out.Close()
			}()
			wants, lost := []string{"one", "two", "three"}, int64(0)
			if hurried {
				set.StopBlocking()
				<-written
				wants, lost = []string{"[taskctl] 3 lines (110 bytes) dropped: it is not a regular file"}, 3
			}
			if err := os.Remove(path); err != nil {
				t.Fatal(err)
			}
			<-written
			closeSet(t, set)
			if diff := cmp.Diff(wants, readAll(t, dir, everything("consumer"))); diff != "" {
				t.Error(diff)
			}
			if lines, _ := set.Dropped(); lines != lost {
				t.Errorf("%d lines dropped, want %d", lines, lost)
			}
		})
	}
}

func errorsOf(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

func appendTo(path, text string) error {
	f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = io.WriteString(f, text)
	return errorsOf(err, f.Close())
}

// lumberjack opens the file that follows a rotation without O_APPEND.
func TestEmptyingAfterARotationLeavesNoHole(t *testing.T) {
	dir := t.TempDir()
	set := openSet(t, dir, logfile.Options{MaxSize: 100})
	out := openStream(t, set, "api", logfile.Out)
	waittest.For(t, "a rotation", func() bool {
		write(t, out, strings.Repeat("x", 40)+"\n")
		return len(glob(t, dir, "api-*")) > 0
	})
	for i := range 3 {
		if err := os.Truncate(filepath.Join(dir, "api.log"), 0); err != nil {
			t.Fatal(err)
		}
		write(t, out, "after\n")
		if text := readFile(t, dir, "api.log"); !strings.HasPrefix(text, "20") || strings.Count(text, "\n") != 1 {
			t.Fatalf("round %d: %q", i, text)
		}
	}
}

// Rotated files are named by the millisecond, so two rotations in one would overwrite a
// file.
func TestRotationsInARushKeepEveryLine(t *testing.T) {
	dir := t.TempDir()
	set := openSet(t, dir, logfile.Options{MaxSize: 1})
	out := openStream(t, set, "api", logfile.Out)
	texts := numbered(0, 1000)
	for _, text := range texts {
		write(t, out, text+"\n")
	}
	closeSet(t, set)
	if diff := cmp.Diff(texts, readAll(t, dir, everything())); diff != "" {
		t.Error(diff)
	}
}

// After the clock was set back, the name of a rotated file may exist already.
func TestARotationNeverOverwritesAnOlderFile(t *testing.T) {
	dir := t.TempDir()
	now := time.Now().UTC()
	var old []string
	for i := range 300 {
		name := fmt.Sprintf("api-%s.log.gz", now.Add(time.Duration(i)*time.Millisecond).Format("2006-01-02T15-04-05.000"))
		writeFile(t, "old", dir, name)
		old = append(old, name)
	}
	set := openSet(t, dir, logfile.Options{MaxSize: 1})
	out := openStream(t, set, "api", logfile.Out)
	waittest.For(t, "a rotation", func() bool {
		write(t, out, "text\n")
		return len(glob(t, dir, "api-*")) > len(old)
	})
	for _, name := range old {
		if got := readFile(t, dir, name); got != "old" {
			t.Fatalf("%s was overwritten", name)
		}
		if _, err := os.Stat(filepath.Join(dir, strings.TrimSuffix(name, ".gz"))); err == nil {
			t.Fatalf("a rotated file took the name of %s", name)
		}
	}
}

// Lines that cannot be written are dropped and counted without blocking. The file
// reports them when it can be written again: at the next line, after a second without
// one, or at the close.
func TestLossIsCountedAndTold(t *testing.T) {
	const note = "[taskctl] 1,001 lines (44,034 bytes) dropped: it is not a regular file"
	for _, tt := range []struct {
		name string
		then func(set *logfile.Set, out *logfile.Stream, dir string)
		want []string
	}{
		{"next line", func(_ *logfile.Set, out *logfile.Stream, _ string) { write(t, out, "after\n") }, []string{note, "after"}},
		{"close", func(set *logfile.Set, _ *logfile.Stream, _ string) { closeSet(t, set) }, []string{note}},
		{"a second later", func(_ *logfile.Set, _ *logfile.Stream, dir string) {
			waittest.For(t, "the note", func() bool { return len(readAll(t, dir, everything())) > 0 })
		}, []string{note}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			set := openSet(t, dir, logfile.Options{})
			out := openStream(t, set, "api", logfile.Out)
			path := filepath.Join(dir, "api.log")
			if err := errorsOf(os.Remove(path), os.Mkdir(path, 0o755)); err != nil {
				t.Fatal(err)
			}
			write(t, out, block(numbered(0, 1000)))
			write(t, out, "x\n")
			if err := os.Remove(path); err != nil {
				t.Fatal(err)
			}
			tt.then(set, out, dir)
			if diff := cmp.Diff(tt.want, readAll(t, dir, everything())); diff != "" {
				t.Error(diff)
			}
			if lines, bytes := set.Dropped(); lines != 1001 || bytes != 44_034 {
				t.Errorf("Lost = %d, %d", lines, bytes)
			}
		})
	}
}

func TestCloseTellsWhatWasNeverWritten(t *testing.T) {
	dir := t.TempDir()
	set := openSet(t, dir, logfile.Options{})
	out := openStream(t, set, "api", logfile.Out)
	path := filepath.Join(dir, "api.log")
	if err := errorsOf(os.Remove(path), os.Mkdir(path, 0o755)); err != nil {
		t.Fatal(err)
	}
	write(t, out, "x\n")
	if err := set.Close(); err == nil || !strings.Contains(err.Error(), "log of api: 1 lines dropped") {
		t.Errorf("Close = %v", err)
	}
}

// Lumberjack keeps one goroutine per Logger forever, so there is one per file; all
// other goroutines end.
func TestGoroutinesEnd(t *testing.T) {
	const theirs = "gopkg.in/natefinch/lumberjack%2ev2.(*Logger).millRun"
	before, lumberjacks := goleak.IgnoreCurrent(), countStacks(theirs)
	dir := t.TempDir()
	set := openSet(t, dir, logfile.Options{MaxSize: 1})
	for range 5 {
		out := openStream(t, set, "api", logfile.Out)
		for _, text := range numbered(0, 50) {
			write(t, out, text+"\n")
			if err := os.Remove(filepath.Join(dir, "api.log")); err != nil {
				t.Fatal(err)
			}
		}
	}
	closeSet(t, set)
	if err := goleak.Find(before, goleak.IgnoreTopFunction(theirs)); err != nil {
		t.Error(err)
	}
	if n := countStacks(theirs) - lumberjacks; n > 1 {
		t.Errorf("one file has left %d goroutines", n)
	}
}

// countStacks returns how many goroutines are in the function.
func countStacks(function string) int {
	stacks := make([]byte, 1<<20)
	return strings.Count(string(stacks[:runtime.Stack(stacks, true)]), "\n"+function+"(")
}

func TestRotatedBySizeAndCompressed(t *testing.T) {
	dir := t.TempDir()
	set := openSet(t, dir, logfile.Options{MaxSize: 10_000})
	out := openStream(t, set, "api", logfile.Out)
	texts := numbered(0, 1000)
	for text := range slices.Chunk(texts, 20) {
		write(t, out, block(text))
		<-time.After(time.Millisecond) // a name for each file
	}
	waittest.For(t, "compression", func() bool {
		return len(glob(t, dir, "api-*.log.gz")) >= 3 && len(glob(t, dir, "api-*.log")) == 0
	})
	if info, err := os.Stat(filepath.Join(dir, "api.log")); err != nil || info.Size() > 10_000 {
		t.Errorf("Stat = %d, %v", info.Size(), err)
	}
	closeSet(t, set)
	if diff := cmp.Diff(texts, readAll(t, dir, everything())); diff != "" {
		t.Error(diff)
	}
}

func TestRotatedByAge(t *testing.T) {
	dir := t.TempDir()
	now := time.Now()
	o := logfile.Options{MaxAge: time.Hour, Now: func() time.Time { return now }}
	set := openSet(t, dir, o)
	write(t, openStream(t, set, "api", logfile.Out), "first\n")
	closeSet(t, set)
	for _, step := range []struct {
		passed time.Duration
		want   int
	}{{0, 0}, {59 * time.Minute, 0}, {time.Minute, 1}, {59 * time.Minute, 1}, {time.Minute, 2}} {
		now = now.Add(step.passed)
		set := openSet(t, dir, o) // the age is the first line's, not the process's
		out := openStream(t, set, "api", logfile.Out)
		waittest.For(t, "a rotation", func() bool { // not within 2 ms of another
			write(t, out, "next\n")
			return len(rotatedBases(t, dir)) >= step.want
		})
		closeSet(t, set)
		if got := len(rotatedBases(t, dir)); got != step.want {
			t.Errorf("%v later: %d rotated files, want %d", step.passed, got, step.want)
		}
	}
}

// rotatedBases returns the rotated files, without .gz.
func rotatedBases(t testing.TB, dir string) []string {
	t.Helper()
	var bases []string
	for _, path := range glob(t, dir, "*-*.log*") {
		bases = append(bases, strings.TrimSuffix(filepath.Base(path), ".gz"))
	}
	slices.Sort(bases)
	return slices.Compact(bases)
}

func TestTheOldestGoWhenThereIsTooMuch(t *testing.T) {
	dir := t.TempDir()
	names := []string{"api-2026-01-01T00-00-00.000.log.gz", "consumer-2026-01-02T00-00-00.000.log.gz", "gone-2026-01-03T00-00-00.000.log.gz", "api-2026-01-04T00-00-00.000.log.gz"}
	for _, name := range names {
		writeFile(t, strings.Repeat("x", 1000), dir, name)
	}
	writeFile(t, strings.Repeat("x", 5000), dir, "not-ours.txt")
	set := openSet(t, dir, logfile.Options{TotalCap: 2500, Keep: 1000 * 24 * time.Hour, Now: func() time.Time {
		return time.Date(2026, 2, 1, 0, 0, 0, 0, time.UTC)
	}})
	waittest.For(t, "the cap", func() bool { return slices.Equal(rotatedBases(t, dir), trimmed(names[3], names[2])) })
	closeSet(t, set)
	readFile(t, dir, "not-ours.txt")
}

func trimmed(names ...string) []string {
	for i, name := range names {
		names[i] = strings.TrimSuffix(name, ".gz")
	}
	return names
}

func TestTheOldGoAfterTheirTime(t *testing.T) {
	dir := t.TempDir()
	for _, day := range []string{"01", "02", "03"} {
		writeFile(t, "x", dir, "api-2026-01-"+day+"T00-00-00.000.log.gz")
	}
	set := openSet(t, dir, logfile.Options{Keep: 36 * time.Hour, Now: func() time.Time {
		return time.Date(2026, 1, 4, 0, 0, 0, 0, time.UTC)
	}})
	waittest.For(t, "the deletion", func() bool { return len(rotatedBases(t, dir)) == 1 })
	closeSet(t, set)
}

func TestTheCapHoldsForTheCurrentFilesToo(t *testing.T) {
	dir := t.TempDir()
	set := openSet(t, dir, logfile.Options{TotalCap: 100_000})
	for _, name := range []string{"a", "b", "c"} {
		out := openStream(t, set, name, logfile.Out)
		for text := range slices.Chunk(numbered(0, 10_000), 100) {
			write(t, out, block(text))
			<-time.After(time.Millisecond)
		}
	}
	total := func() (sum int64) {
		for _, path := range glob(t, dir, "*") {
			if info, err := os.Stat(path); err == nil {
				sum += info.Size()
			}
		}
		return sum
	}
	waittest.For(t, "the cap", func() bool { return total() <= 100_000 })
	closeSet(t, set)
}

// A process that is killed during a compression leaves both files; the compressed one
// is incomplete.
func TestHalfCompressedFilesAreReadAndDoneAgain(t *testing.T) {
	dir := t.TempDir()
	const base = "api-2026-01-04T00-00-00.000.log"
	texts := numbered(0, 100)
	writeFile(t, block(texts), dir, base)
	writeFile(t, "half", dir, base+".gz")
	if diff := cmp.Diff(texts, readAll(t, dir, everything())); diff != "" {
		t.Error(diff)
	}
	set := openSet(t, dir, logfile.Options{Keep: 1e6 * time.Hour})
	waittest.For(t, "compression", func() bool { return len(glob(t, dir, base)) == 0 })
	closeSet(t, set)
	if diff := cmp.Diff(texts, readAll(t, dir, everything())); diff != "" {
		t.Error(diff)
	}
}

func TestCloseDoesNotWaitForCompression(t *testing.T) {
	dir := t.TempDir()
	texts := numbered(0, 600_000) // 7 MB
	writeFile(t, block(texts), dir, "api-2026-01-04T00-00-00.000.log")
	set := openSet(t, dir, logfile.Options{Keep: 1e6 * time.Hour})
	waittest.For(t, "the start of it", func() bool { return len(glob(t, dir, "*.gz")) > 0 })
	closeSet(t, set)
	if files := glob(t, dir, "*-*.log*"); len(files) != 1 {
		t.Errorf("left: %v", files)
	}
	if got := readAll(t, dir, everything()); !slices.Equal(got, texts) {
		t.Errorf("%d lines come back, want %d", len(got), len(texts))
	}
}

func TestAFileThatCannotBeRotatedGoesOn(t *testing.T) {
	if os.Getuid() == 0 {
		t.Skip("root may write into any folder")
	}
	if runtime.GOOS == "windows" {
		t.Skip("needs the permissions of Unix")
	}
	dir := t.TempDir()
	set := openSet(t, dir, logfile.Options{MaxSize: 1})
	out := openStream(t, set, "api", logfile.Out)
	write(t, out, "one\n")
	if err := os.Chmod(dir, 0o500); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.Chmod(dir, 0o700) })
	write(t, out, "two\n")
	write(t, out, "three\n")
	got := readAll(t, dir, everything())
	if len(got) != 4 || got[0] != "one" || !strings.HasPrefix(got[1], "[taskctl] this file cannot be rotated: ") || got[2] != "two" || got[3] != "three" {
		t.Errorf("got %q", got)
	}
}
