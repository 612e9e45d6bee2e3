package logfile_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"taskctl/pkg/logfile"
)

func TestALineIsTimeStreamText(t *testing.T) {
	dir := t.TempDir()
	at := time.Date(2026, 1, 2, 3, 4, 5, 60_000_000, time.FixedZone("", 3600))
	set := openSet(t, dir, logfile.Options{Now: func() time.Time { return at }})
	write(t, openStream(t, set, "api", logfile.Out), "hello\n\n")
	write(t, openStream(t, set, "api", logfile.Err), "bad \xff\x00\x1b[31m\r\n")
	closeSet(t, set)
	want := "2026-01-02T02:04:05.060000Z out hello\n" +
		"2026-01-02T02:04:05.060000Z out \n" +
		"2026-01-02T02:04:05.060000Z err bad \xff\x00\x1b[31m\r\n"
	if diff := cmp.Diff(want, readFile(t, dir, "api.log")); diff != "" {
		t.Error(diff)
	}
}

func TestPiecesBecomeLinesAndTheLastOneIsKept(t *testing.T) {
	dir := t.TempDir()
	set := openSet(t, dir, logfile.Options{})
	out, err := openStream(t, set, "api", logfile.Out), openStream(t, set, "api", logfile.Err)
	for _, piece := range []string{"o", "ne\ntw", "", "o\n", "last wo"} {
		write(t, out, piece)
		write(t, err, strings.ToUpper(piece))
	}
	write(t, out, "rds")
	if err := out.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := out.Write([]byte("x")); err == nil {
		t.Error("a closed stream takes more")
	}
	closeSet(t, set) // closes the other
	want := []string{"one", "ONE", "two", "TWO", "last words", "LAST WO"}
	if diff := cmp.Diff(want, readAll(t, dir, everything())); diff != "" {
		t.Error(diff)
	}
	if _, err := set.File("late"); err == nil {
		t.Error("a closed set opens files")
	}
}

func TestOverlongLinesAreSplitWithAMark(t *testing.T) {
	dir := t.TempDir()
	set := openSet(t, dir, logfile.Options{MaxLine: 16})
	write(t, openStream(t, set, "api", logfile.Out), "0123456789abcdef\n0123456789abcdeéxyz\n")
	closeSet(t, set)
	lines := regexp.MustCompile(`(?m)^\S+ `).ReplaceAllString(readFile(t, dir, "api.log"), "")
	want := "out 0123456789abcdef\nout+ 0123456789abcde\nout éxyz\n"
	if diff := cmp.Diff(want, lines); diff != "" {
		t.Error(diff)
	}
	var more []bool
	for _, e := range readEntries(t, dir, everything()) {
		more = append(more, e.More)
	}
	if want := []bool{false, true, false}; !slices.Equal(more, want) {
		t.Errorf("More = %v, want %v", more, want)
	}
}

// A line longer than lumberjack's MaxSize would be refused by it.
func TestALineMayBeLongerThanAFile(t *testing.T) {
	dir := t.TempDir()
	set := openSet(t, dir, logfile.Options{MaxSize: 1000})
	long := strings.Repeat("x", 3_000_000)
	write(t, openStream(t, set, "api", logfile.Out), long+"\nend\n")
	closeSet(t, set)
	if got := strings.Join(readAll(t, dir, everything()), ""); got != long+"end" {
		t.Errorf("%d bytes come back, want %d", len(got), len(long)+3)
	}
}

func TestSeveralWritersLoseNothing(t *testing.T) {
	const writers, each = 4, 2000
	dir := t.TempDir()
	set := openSet(t, dir, logfile.Options{MaxSize: 50_000})
	var wg sync.WaitGroup
	for i := range writers {
		s := openStream(t, set, "api", logfile.Out)
		wg.Go(func() {
			for _, text := range numbered(i*each, each) {
				write(t, s, text+"\n")
			}
		})
	}
	wg.Wait()
	closeSet(t, set)
	if n := len(glob(t, dir, "api-*")); n == 0 {
		t.Error("nothing was rotated")
	}
	got := readAll(t, dir, everything())
	slices.Sort(got)
	if diff := cmp.Diff(numbered(0, writers*each), got); diff != "" {
		t.Error(diff)
	}
}

func TestOpenSaysWhatIsWrongWithTheFolder(t *testing.T) {
	dir := t.TempDir()
	writeFile(t, "", dir, "logs")
	if _, err := logfile.Open(filepath.Join(dir, "logs"), logfile.Options{}); err == nil || !strings.Contains(err.Error(), filepath.Join(dir, "logs")) {
		t.Errorf("Open = %v", err)
	}
}

func TestOpenLeavesNothingButLogs(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a", "logs")
	set := openSet(t, dir, logfile.Options{})
	if _, err := set.File("api"); err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 1 || entries[0].Name() != "api.log" {
		t.Errorf("ReadDir = %v, %v", entries, err)
	}
}

func TestCheckName(t *testing.T) {
	for _, name := range []string{"api", "a", "my-mailer_2", "a.b", "api-2026"} {
		if err := logfile.CheckName(name); err != nil {
			t.Error(err)
		}
	}
	for _, name := range []string{"", ".", "..", "a/b", `a\b`, "é", "a b", ".hidden", strings.Repeat("x", 65), "api-2026-01-02T03-04-05.678"} {
		if err := logfile.CheckName(name); err == nil {
			t.Errorf("CheckName(%q) = nil", name)
		}
	}
}

func TestTextAfterATornLineBeginsALine(t *testing.T) {
	dir := t.TempDir()
	writeFile(t, "2026-01-02T02:04:05.060000Z out he", dir, "api.log")
	set := openSet(t, dir, logfile.Options{})
	write(t, openStream(t, set, "api", logfile.Out), "next\n")
	closeSet(t, set)
	if diff := cmp.Diff([]string{"he", "next"}, readAll(t, dir, everything())); diff != "" {
		t.Error(diff)
	}
}

func TestTorn(t *testing.T) {
	dir := t.TempDir()
	for text, want := range map[string]bool{"": false, "whole\n": false, "whole\ncut": true} {
		if err := os.WriteFile(filepath.Join(dir, "api.log"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if midLine, err := logfile.EndsMidLine(dir, "api"); midLine != want || err != nil {
			t.Errorf("%q: %v, %v", text, midLine, err)
		}
	}
	if midLine, err := logfile.EndsMidLine(dir, "none"); midLine || err != nil {
		t.Errorf("no log: %v, %v", midLine, err)
	}
}
