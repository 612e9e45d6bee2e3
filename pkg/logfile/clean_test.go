package logfile_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"taskctl/pkg/logfile"
)

// system makes a directory with logs of every kind. Everything rotated is older
// than what is current.
func system(t testing.TB) (dir string) {
	t.Helper()
	dir = t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "logs"), 0o755); err != nil {
		t.Fatal(err)
	}
	writeFile(t, "1234", dir, "logs", "api.log")
	writeFile(t, "", dir, "logs", "consumer.log")
	writeFile(t, "123", dir, "logs", rotatedName("api", 1))
	writeFile(t, "12345", dir, "logs", rotatedName("gone", 2)+".gz")
	writeFile(t, "", dir, "logs", ".gitkeep")
	writeFile(t, "stray", dir, "api.log")
	writeFile(t, "demo", dir, "websocket_server.log")
	writeFile(t, "other", dir, "other.log")
	writeFile(t, "old", dir, rotatedName("api", 0))
	writeFile(t, "odd", dir, "logs", "odd name.log")
	writeFile(t, "odder", dir, "logs", rotatedName("odd name", 3)+".gz")
	writeFile(t, "readme", dir, "README.md")
	return dir
}

// steps renders a plan's actions, one per line.
func steps(actions []logfile.Action) []string {
	var lines []string
	for _, a := range actions {
		lines = append(lines, strings.TrimSpace(fmt.Sprintf("%s %s %s", a.Op, a.File.Path, a.To)))
	}
	return lines
}

func scan(t testing.TB, dir string) logfile.Inventory {
	t.Helper()
	v, err := logfile.Scan(dir)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

var everyStep = logfile.Choice{Empty: true, Delete: true, Move: true}

func TestScan(t *testing.T) {
	v := scan(t, system(t))
	var got []string
	for _, f := range v.Files {
		got = append(got, fmt.Sprintf("%s %s %s %d", f.Kind, f.Name, f.Path, f.Size))
		if f.Time.IsZero() {
			t.Errorf("%s has no time", f.Path)
		}
	}
	want := []string{
		"current api logs/api.log 4",
		"current consumer logs/consumer.log 0",
		"rotated api logs/" + rotatedName("api", 1) + " 3",
		"rotated gone logs/" + rotatedName("gone", 2) + ".gz 5",
		"stray api api.log 5",
		"stray websocket_server websocket_server.log 4",
		"foreign " + strings.TrimSuffix(rotatedName("api", 0), ".log") + " " + rotatedName("api", 0) + " 3",
		"foreign " + strings.TrimSuffix(rotatedName("odd name", 3), ".log") + " logs/" + rotatedName("odd name", 3) + ".gz 5",
		"foreign odd name logs/odd name.log 3",
		"foreign other other.log 5",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if files, size := v.Of(logfile.Rotated); len(files) != 2 || size != 8 || !files[0].Time.Equal(start.Add(time.Second)) {
		t.Errorf("Of(Rotated) = %v, %d", files, size)
	}
}

func TestScanOfAnEmptyAndOfNoDirectory(t *testing.T) {
	if v := scan(t, t.TempDir()); len(v.Files) != 0 {
		t.Errorf("found %v", v.Files)
	}
	if _, err := logfile.Scan(filepath.Join(t.TempDir(), "none")); err == nil {
		t.Error("no error for a directory that does not exist")
	}
}

func TestPlan(t *testing.T) {
	empty := []string{"empty logs/api.log"}
	remove := []string{"delete logs/" + rotatedName("api", 1), "delete logs/" + rotatedName("gone", 2) + ".gz"}
	move := []string{"move api.log logs/api.1.log", "move websocket_server.log logs/websocket_server.log"}
	for _, tt := range []struct {
		name   string
		choice logfile.Choice
		want   []string
		freed  int64
	}{
		{"nothing", logfile.Choice{}, nil, 0},
		{"everything", everyStep, slices.Concat(empty, remove, move), 12},
		{"empty", logfile.Choice{Empty: true}, empty, 4},
		{"delete", logfile.Choice{Delete: true}, remove, 8},
		{"move", logfile.Choice{Move: true}, move, 0},
		{"old", logfile.Choice{Empty: true, Delete: true, Move: true, Before: start.Add(time.Hour)}, remove, 8},
		{"older", logfile.Choice{Delete: true, Before: start.Add(2 * time.Second)}, remove[:1], 3},
	} {
		t.Run(tt.name, func(t *testing.T) {
			plan := scan(t, system(t)).Plan(tt.choice)
			if diff := cmp.Diff(tt.want, steps(plan.Actions)); diff != "" {
				t.Error(diff)
			}
			if plan.Freed() != tt.freed {
				t.Errorf("Freed = %d, want %d", plan.Freed(), tt.freed)
			}
		})
	}
}

func TestApply(t *testing.T) {
	dir := system(t)
	result, err := scan(t, dir).Plan(everyStep).Apply(nil)
	if err != nil || result.Freed != 12 || len(result.Done) != 5 {
		t.Errorf("Apply = %+v, %v", result, err)
	}
	want := map[string]string{
		"logs/.gitkeep":                              "",
		"logs/api.log":                               "",
		"logs/api.1.log":                             "stray",
		"logs/consumer.log":                          "",
		"logs/websocket_server.log":                  "demo",
		"logs/odd name.log":                          "odd",
		"logs/" + rotatedName("odd name", 3) + ".gz": "odder",
		"other.log":                                  "other",
		rotatedName("api", 0):                        "old",
		"README.md":                                  "readme",
	}
	if diff := cmp.Diff(want, contents(t, dir)); diff != "" {
		t.Error(diff)
	}
	again, err := scan(t, dir).Plan(logfile.Choice{Delete: true, Move: true}).Apply(nil)
	if err != nil || len(again.Done) != 0 {
		t.Errorf("a second time: %+v, %v", again, err)
	}
}

// elsewhere puts logs/ of the directory at to, and leaves a link there.
func elsewhere(t testing.TB, dir, to string) {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skip("symbolic links need a privilege on Windows")
	}
	logs := filepath.Join(dir, "logs")
	target := to
	if !filepath.IsAbs(to) {
		target = filepath.Join(dir, to)
	}
	if err := errorsOf(os.MkdirAll(target, 0o755), os.CopyFS(target, os.DirFS(logs)), os.RemoveAll(logs), os.Symlink(to, logs)); err != nil {
		t.Fatal(err)
	}
}

// otherDisk returns a folder to which nothing can be renamed from the test's own.
func otherDisk(t testing.TB) string {
	t.Helper()
	other, err := os.MkdirTemp("/dev/shm", "logs-")
	if err != nil {
		t.Skipf("no other disk: %v", err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(other) })
	probe := filepath.Join(t.TempDir(), "probe")
	writeFile(t, "", probe)
	if err := os.Rename(probe, filepath.Join(other, "probe")); !errors.Is(err, syscall.EXDEV) {
		t.Skipf("no other disk: %v", err)
	}
	return other
}

func TestLogsMayBeElsewhere(t *testing.T) {
	here := system(t)
	want := scan(t, here)
	if _, err := want.Plan(everyStep).Apply(nil); err != nil {
		t.Fatal(err)
	}
	left := contents(t, here)
	for name, to := range map[string]func(t *testing.T) string{
		"absolute":   func(t *testing.T) string { return t.TempDir() },
		"relative":   func(*testing.T) string { return filepath.Join("..", "logs of ours") },
		"inside":     func(*testing.T) string { return "var" },
		"other disk": func(t *testing.T) string { return otherDisk(t) },
	} {
		t.Run(name, func(t *testing.T) {
			dir := system(t)
			old := time.Now().Add(-time.Hour).Truncate(time.Second)
			if err := errorsOf(os.Chtimes(filepath.Join(dir, "api.log"), old, old), os.Chmod(filepath.Join(dir, "api.log"), 0o600)); err != nil {
				t.Fatal(err)
			}
			elsewhere(t, dir, to(t))
			v := scan(t, dir)
			if diff := cmp.Diff(steps(want.Plan(everyStep).Actions), steps(v.Plan(everyStep).Actions)); diff != "" {
				t.Error(diff)
			}
			result, err := v.Plan(everyStep).Apply(nil)
			if err != nil || result.Freed != 12 || len(result.Done) != 5 {
				t.Errorf("Apply = %+v, %v", result, err)
			}
			if diff := cmp.Diff(left, contents(t, dir)); diff != "" {
				t.Error(diff)
			}
			moved, err := os.Stat(filepath.Join(dir, "logs", "api.1.log"))
			if err != nil {
				t.Fatal(err)
			}
			if !moved.ModTime().Equal(old) || moved.Mode().Perm() != 0o600 {
				t.Errorf("the stray came with %v, %v; it had %v and 0600", moved.ModTime(), moved.Mode(), old)
			}
		})
	}
}

// contents returns the files under dir, by their path.
func contents(t testing.TB, dir string) map[string]string {
	t.Helper()
	files := make(map[string]string)
	for _, path := range append(glob(t, dir, "*"), glob(t, dir, "logs", "*")...) {
		if info, err := os.Stat(path); err == nil && !info.IsDir() {
			rel, _ := filepath.Rel(dir, path)
			files[filepath.ToSlash(rel)] = readFile(t, path)
		}
	}
	files["logs/.gitkeep"] = readFile(t, dir, "logs", ".gitkeep")
	return files
}

func TestMovingNeverOverwrites(t *testing.T) {
	dir := system(t)
	writeFile(t, "in the way", dir, "logs", "websocket_server.log")
	writeFile(t, "in the way", dir, "logs", "api.1.log")
	plan := scan(t, dir).Plan(logfile.Choice{Move: true})
	writeFile(t, "come since", dir, "logs", "api.2.log")
	result, err := plan.Apply(nil)
	want := []string{"move api.log logs/api.3.log", "move websocket_server.log logs/websocket_server.1.log"}
	if diff := cmp.Diff(want, steps(result.Done)); diff != "" || err != nil {
		t.Error(diff, err)
	}
	for path, want := range map[string]string{"websocket_server.log": "in the way", "api.1.log": "in the way", "api.2.log": "come since", "api.3.log": "stray"} {
		if got := readFile(t, dir, "logs", path); got != want {
			t.Errorf("%s: %q, want %q", path, got, want)
		}
	}
}

func TestMovingMakesTheFolder(t *testing.T) {
	dir := t.TempDir()
	writeFile(t, "demo", dir, "flask_api.log")
	if _, err := scan(t, dir).Plan(everyStep).Apply(nil); err != nil {
		t.Fatal(err)
	}
	if got := readFile(t, dir, "logs", "flask_api.log"); got != "demo" {
		t.Errorf("got %q", got)
	}
}

// The launcher empties its files during writes, and no later line is lost.
func TestCleaningWhileTheLogsAreWritten(t *testing.T) {
	dir := t.TempDir()
	set := openSet(t, filepath.Join(dir, "logs"), logfile.Options{MaxSize: 3000})
	out := openStream(t, set, "api", logfile.Out)
	f := follow(t, filepath.Join(dir, "logs"), logfile.ReadOptions{})
	for i := range 50 {
		texts := numbered(i*10, 10)
		write(t, out, block(texts))
		f.want(texts...)
		var empty func(...string) (int64, error) // by turns through the writer and past it
		if i%2 == 0 {
			empty = set.Empty
		}
		result, err := scan(t, dir).Plan(everyStep).Apply(empty)
		if err != nil || result.Freed == 0 {
			t.Fatalf("Apply = %+v, %v", result, err)
		}
		if text := readFile(t, dir, "logs", "api.log"); text != "" {
			t.Fatalf("after cleaning: %q", text)
		}
	}
	closeSet(t, set)
}

func TestEmptyFreesAndNamesWhatItCannot(t *testing.T) {
	dir := t.TempDir()
	set := openSet(t, dir, logfile.Options{})
	write(t, openStream(t, set, "api", logfile.Out), "x\n")
	writeFile(t, "123456", dir, "old.log") // of a component that was removed
	freed, err := set.Empty("api", "old", "none")
	if err != nil || freed != 34+6 {
		t.Errorf("Empty = %d, %v", freed, err)
	}
	if _, err := set.Empty("../x"); err == nil {
		t.Error("a path is taken for a name")
	}
}

func TestSymbolicLinksAreNotFollowed(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("symbolic links need a privilege on Windows")
	}
	outside := t.TempDir()
	target := filepath.Join(outside, "api.log")
	writeFile(t, "precious", target)

	dir := t.TempDir()
	logs := filepath.Join(dir, "logs")
	if err := errorsOf(os.Mkdir(logs, 0o755),
		os.Symlink(target, filepath.Join(logs, "api.log")),
		os.Symlink(target, filepath.Join(logs, rotatedName("api", 1))),
		os.Symlink(target, filepath.Join(dir, "wsserver.log"))); err != nil {
		t.Fatal(err)
	}
	if v := scan(t, dir); len(v.Files) != 0 {
		t.Errorf("found %v", v.Files)
	}

	// A link that takes a file's place between the look and the step.
	writeFile(t, "x", logs, "consumer.log")
	plan := scan(t, dir).Plan(everyStep)
	if err := errorsOf(os.Remove(filepath.Join(logs, "consumer.log")), os.Symlink(target, filepath.Join(logs, "consumer.log"))); err != nil {
		t.Fatal(err)
	}
	if result, err := plan.Apply(nil); err == nil || len(result.Done) != 0 {
		t.Errorf("Apply = %+v, %v", result, err)
	}

	if got := readFile(t, target); got != "precious" {
		t.Errorf("the target now holds %q", got)
	}
}

// After a failed step the other steps are still carried out.
func TestApplyGoesOnAndSaysWhatFailed(t *testing.T) {
	dir := system(t)
	broken := func(...string) (int64, error) { return 0, errStop }
	result, err := scan(t, dir).Plan(everyStep).Apply(broken)
	if err == nil || !strings.Contains(err.Error(), "empty logs/api.log: stop") {
		t.Errorf("err = %v", err)
	}
	if len(result.Done) != 4 || result.Freed != 8 {
		t.Errorf("result = %+v", result)
	}
}
