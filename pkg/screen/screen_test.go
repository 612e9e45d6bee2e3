package screen

import (
	"strings"
	"testing"

	"github.com/charmbracelet/x/ansi"
	"github.com/google/go-cmp/cmp"
)

func TestTable(t *testing.T) {
	rows := [][]string{{"name", "state"}, {"api", "ready"}, {"日本", "x"}}
	want := "  name  state\n  api   ready\n  日本  x\n"
	if diff := cmp.Diff(want, Table("  ", 0, rows)); diff != "" {
		t.Error(diff)
	}
}

func TestTableGivesWayWhereItIsWidest(t *testing.T) {
	long := strings.Repeat("long title ", 20)
	for _, width := range []int{40, 60, 80} {
		for line := range strings.Lines(Table("", width, [][]string{{"id", long, "done"}, {"1", "short", "no"}})) {
			if w := ansi.StringWidth(strings.TrimRight(line, "\n")); w > width {
				t.Errorf("at %d columns a line has %d: %q", width, w, line)
			}
		}
	}
}

func TestFitSparesTheLeastMissedColumns(t *testing.T) {
	rows := [][]string{{"name", "cpu", "memory", "exit"}, {"api", "1.5%", "20.4 MB", "-"}}
	for _, test := range []struct {
		width int
		want  string
	}{
		{0, "name cpu memory exit"},
		{25, "name cpu memory exit"},
		{24, "name memory exit"},
		{18, "name exit"},
		{3, "name exit"},
	} {
		fitting := Fit("", test.width, rows, 1, 2)
		if got := strings.Join(fitting[0], " "); got != test.want || len(fitting[1]) != len(fitting[0]) {
			t.Errorf("at %d columns: %q, %d cells below; want %q", test.width, got, len(fitting[1]), test.want)
		}
	}
}

func TestColourDoesNotCountAsWidth(t *testing.T) {
	p := Palette{on: true}
	coloured := Table("", 0, [][]string{{p.Green("ready"), "x"}, {"starting", "y"}})
	if got := ansi.Strip(coloured); got != "ready     x\nstarting  y\n" {
		t.Errorf("got %q", got)
	}
}

func TestNoColourWithoutTerminal(t *testing.T) {
	p := PaletteFor(&strings.Builder{}, func(string) string { return "" })
	if p.On() || p.Red("x") != "x" {
		t.Error("a buffer got colour")
	}
}

func TestFitTextWrapsTheLastColumn(t *testing.T) {
	rows := [][]string{{"name", "cpu", "exit"}, {"api", "1.5%", "killed by the signal SIGKILL of somebody"}}
	for _, test := range []struct {
		width int
		want  string
	}{
		{0, "name  cpu   exit\napi   1.5%  killed by the signal SIGKILL of somebody\n"},
		{40, "name  cpu   exit\napi   1.5%  killed by the signal SIGKILL\n            of somebody\n"},
		{30, "name  exit\napi   killed by the signal\n      SIGKILL of somebody\n"},
	} {
		got := Table("", test.width, FitText("", test.width, rows, 1))
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("at %d columns:\n%s", test.width, diff)
		}
	}
}

// TestWrapKeepsWordsWhole checks that lines break between words only, and where the
// text has line breaks of its own.
func TestWrapKeepsWordsWhole(t *testing.T) {
	for _, c := range []struct {
		text    string
		columns int
		want    string
	}{
		{"see the flag --dry-run here", 18, "see the flag\n--dry-run here"},
		{"one two", 3, "one\ntwo"},
		{"one two", 7, "one two"},
		{"abcdefgh xy", 5, "abcde\nfgh\nxy"},
		{"first\n\n  second line", 12, "first\n\n  second\nline"},
		{"", 5, ""},
		{"año año", 3, "año\naño"},
	} {
		if got := Wrap(c.text, "", c.columns); got != c.want {
			t.Errorf("%q at %d: %q, want %q", c.text, c.columns, got, c.want)
		}
	}
}
