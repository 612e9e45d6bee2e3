package logfile_test

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"taskctl/pkg/logfile"
)

// at is a line of the nth second of a certain hour.
func at(second int, text string) string {
	return start.Add(time.Duration(second)*time.Second).Format("2006-01-02T15:04:05.000000Z") + " out " + text + "\n"
}

var start = time.Date(2026, 1, 2, 3, 0, 0, 0, time.UTC)

func rotatedName(name string, second int) string {
	return name + "-" + start.Add(time.Duration(second)*time.Second).Format("2006-01-02T15-04-05.000") + ".log"
}

func gz(t testing.TB, text string) string {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := w.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// twoComponents makes logs in which the lines a1…a6 and b1…b6 alternate, and of
// which all but the last two of each are in rotated files.
func twoComponents(t testing.TB) (dir string) {
	t.Helper()
	dir = t.TempDir()
	writeFile(t, gz(t, at(1, "a1")+at(3, "a2")), dir, rotatedName("a", 4)+".gz")
	writeFile(t, at(5, "a3")+at(7, "a4"), dir, rotatedName("a", 8))
	writeFile(t, at(9, "a5")+at(11, "a6"), dir, "a.log")
	writeFile(t, gz(t, at(2, "b1")+at(4, "b2")+at(6, "b3")+at(8, "b4")), dir, rotatedName("b", 9)+".gz")
	writeFile(t, at(10, "b5")+at(12, "b6"), dir, "b.log")
	writeFile(t, "x\n", dir, "notes.txt")
	return dir
}

func TestReadSelects(t *testing.T) {
	all := strings.Fields("a1 b1 a2 b2 a3 b3 a4 b4 a5 b5 a6 b6")
	for _, tt := range []struct {
		name string
		o    logfile.ReadOptions
		want []string
	}{
		{"all", everything(), all},
		{"one", everything("b"), strings.Fields("b1 b2 b3 b4 b5 b6")},
		{"one of which there is none", everything("c"), nil},
		{"twice", everything("b", "b"), strings.Fields("b1 b2 b3 b4 b5 b6")},
		{"none", logfile.ReadOptions{}, nil},
		{"last 1", logfile.ReadOptions{Last: 1}, all[11:]},
		{"last 3", logfile.ReadOptions{Last: 3}, all[9:]},
		{"last 4", logfile.ReadOptions{Last: 4}, all[8:]},
		{"last 5", logfile.ReadOptions{Last: 5}, all[7:]},
		{"last 11", logfile.ReadOptions{Last: 11}, all[1:]},
		{"last 100", logfile.ReadOptions{Last: 100}, all},
		{"last 3 of one", logfile.ReadOptions{Last: 3, Names: []string{"a"}}, strings.Fields("a4 a5 a6")},
		{"since the middle", logfile.ReadOptions{Last: logfile.All, Since: start.Add(8 * time.Second)}, all[7:]},
		{"since the future", logfile.ReadOptions{Last: logfile.All, Since: start.Add(time.Hour)}, nil},
		{"last 2 since", logfile.ReadOptions{Last: 2, Since: start.Add(8 * time.Second)}, all[10:]},
		{"last 100 since", logfile.ReadOptions{Last: 100, Since: start.Add(8 * time.Second)}, all[7:]},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, readAll(t, twoComponents(t), tt.o)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestReadOfNothing(t *testing.T) {
	if got := readAll(t, filepath.Join(t.TempDir(), "none"), everything()); got != nil {
		t.Errorf("got %q", got)
	}
}

func TestNames(t *testing.T) {
	dir := twoComponents(t)
	writeFile(t, "", dir, rotatedName("only-rotated", 0))
	names, err := logfile.Names(dir)
	if want := []string{"a", "b", "only-rotated"}; err != nil || !slices.Equal(names, want) {
		t.Errorf("Names = %q, %v, want %q", names, err, want)
	}
}

func TestLinesThatAreNotOurs(t *testing.T) {
	dir := t.TempDir()
	long := strings.Repeat("y", 1<<20)
	writeFile(t, "raw\n"+at(1, "ours")+"more raw\n\n"+long+long+"\nno newline", dir, "api.log")
	entries := readEntries(t, dir, everything())
	type line struct {
		text, stream string
		more         bool
	}
	var got []line
	for _, e := range entries {
		got = append(got, line{e.Text, e.Stream, e.More})
		if e.Name != "api" || e.Time.IsZero() {
			t.Errorf("%.40q: name %q, time %v", e.Text, e.Name, e.Time)
		}
	}
	var more []line // the long one comes in pieces
	for len(got) > 4 && got[4].more {
		more = append(more, got[4])
		got = slices.Delete(got, 4, 5)
	}
	rest := ""
	for _, m := range more {
		rest += m.text
	}
	if len(got) != 6 || rest+got[4].text != long+long {
		t.Fatalf("the long line comes back as %d bytes and a last piece", len(rest))
	}
	want := []line{{"raw", "", false}, {"ours", "out", false}, {"more raw", "", false}, {"", "", false}, {"no newline", "", false}}
	if diff := cmp.Diff(want, slices.Delete(got, 4, 5), cmp.AllowUnexported(line{})); diff != "" {
		t.Error(diff)
	}
	if !entries[2].Time.Equal(start.Add(time.Second)) {
		t.Errorf("a line without a time has %v, want that of the line before", entries[2].Time)
	}
}

func TestDamagedFilesSayWhatIsMissing(t *testing.T) {
	dir := t.TempDir()
	whole := gz(t, at(1, "one")+at(2, strings.Repeat("x", 100)))
	writeFile(t, whole[:len(whole)-10], dir, rotatedName("api", 2)+".gz")
	writeFile(t, "this is no gzip", dir, rotatedName("api", 3)+".gz")
	writeFile(t, at(5, "last"), dir, "api.log")
	got := readAll(t, dir, everything())
	text := strings.Join(got, "\n")
	if got[0] != "one" || got[len(got)-1] != "last" ||
		!strings.Contains(text, "[taskctl] some of the log cannot be read: read "+filepath.Join(dir, rotatedName("api", 2))+".gz: unexpected EOF") ||
		!strings.Contains(text, rotatedName("api", 3)+".gz: gzip: invalid header") {
		t.Errorf("got:\n%s", text)
	}
}

// Reading ends although the file grows faster than it is read.
func TestReadEndsWhereTheLogWas(t *testing.T) {
	dir := t.TempDir()
	set := openSet(t, dir, logfile.Options{})
	out := openStream(t, set, "api", logfile.Out)
	write(t, out, block(numbered(0, 10)))
	n := 0
	err := logfile.Read(t.Context(), dir, everything(), func(logfile.Entry) error {
		n++
		write(t, out, "more\nand more\n")
		return nil
	})
	if err != nil || n != 10 {
		t.Errorf("Read = %d entries, %v", n, err)
	}
}

func TestAnErrorOfEmitEndsReading(t *testing.T) {
	dir := twoComponents(t)
	stop := func(logfile.Entry) error { return errStop }
	if err := logfile.Read(t.Context(), dir, everything(), stop); !errors.Is(err, errStop) {
		t.Errorf("Read = %v", err)
	}
	if err := logfile.Follow(t.Context(), dir, everything(), stop); !errors.Is(err, errStop) {
		t.Errorf("Follow = %v", err)
	}
	o := everything()
	o.Flush = func() error { return errStop }
	if err := logfile.Read(t.Context(), dir, o, func(logfile.Entry) error { return nil }); !errors.Is(err, errStop) {
		t.Errorf("Read = %v", err)
	}
}

func BenchmarkRead(b *testing.B) {
	dir := b.TempDir()
	var text strings.Builder
	for i := range 100_000 {
		fmt.Fprint(&text, at(i, "a line of an ordinary length, as a server writes for a request"))
	}
	writeFile(b, text.String(), dir, "api.log")
	b.SetBytes(int64(text.Len()))
	for b.Loop() {
		readEntries(b, dir, everything())
	}
}
