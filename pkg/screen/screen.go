// Package screen lays text out for people: tables, widths and colour. It decides
// from the stream alone whether there is a terminal to decorate for.
package screen

import (
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/charmbracelet/x/ansi"
	"golang.org/x/term"
)

// Palette colours text, or leaves it plain.
type Palette struct{ on bool }

// PaletteFor colours only where the stream is a terminal that can show it and
// NO_COLOR is not set (no-color.org).
func PaletteFor(w io.Writer, getenv func(string) string) Palette {
	return Palette{on: IsTerminal(w) && getenv("NO_COLOR") == "" && getenv("TERM") != "dumb"}
}

// On reports whether there is colour at all.
func (p Palette) On() bool { return p.on }

// Bold, Dim, Green, Yellow and Red mark a text.
func (p Palette) Bold(s string) string   { return p.mark("1", s) }
func (p Palette) Dim(s string) string    { return p.mark("2", s) }
func (p Palette) Red(s string) string    { return p.mark("31", s) }
func (p Palette) Green(s string) string  { return p.mark("32", s) }
func (p Palette) Yellow(s string) string { return p.mark("33", s) }

func (p Palette) mark(code, s string) string {
	if !p.on || s == "" {
		return s
	}
	return "\x1b[" + code + "m" + s + "\x1b[0m"
}

// IsTerminal reports whether a stream is a terminal.
func IsTerminal(w any) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// Width is how many columns a stream has; 0 where it is no terminal.
func Width(w io.Writer) int {
	f, ok := w.(*os.File)
	if !ok {
		return 0
	}
	columns, _, err := term.GetSize(int(f.Fd()))
	if err != nil {
		return 0
	}
	return columns
}

// Table renders rows in aligned columns, two spaces apart, each line after
// indent. Cells may be coloured. With width > 0 the widest column gives way so
// that no line is longer.
func Table(indent string, width int, rows [][]string) string {
	widths := columnWidths(rows)
	if width > 0 {
		shrink(widths, width-ansi.StringWidth(indent))
	}
	var b strings.Builder
	for _, row := range rows {
		line := indent
		for i, cell := range row {
			cell = ansi.Truncate(cell, widths[i], "…")
			if i < len(row)-1 {
				cell += strings.Repeat(" ", widths[i]-ansi.StringWidth(cell)+2)
			}
			line += cell
		}
		b.WriteString(strings.TrimRight(line, " "))
		b.WriteByte('\n')
	}
	return b.String()
}

// Fit leaves columns out, in the order in which they are spared, until a table of
// the rows is no wider than width, or there is none left to spare. With width 0
// all stay.
func Fit(indent string, width int, rows [][]string, spared ...int) [][]string {
	fitting := rows
	for n := 1; n <= len(spared) && width > 0 && ansi.StringWidth(indent)+sum(columnWidths(fitting)) > width; n++ {
		fitting = without(rows, spared[:n])
	}
	return fitting
}

// without copies rows, all but some of their columns.
func without(rows [][]string, columns []int) [][]string {
	out := make([][]string, len(rows))
	for i, row := range rows {
		for column, cell := range row {
			if !slices.Contains(columns, column) {
				out[i] = append(out[i], cell)
			}
		}
	}
	return out
}

// sum is how wide columns are together, with the gaps between them.
func sum(widths []int) int {
	total := 2 * (len(widths) - 1)
	for _, w := range widths {
		total += w
	}
	return total
}

// Truncate shortens text to so many columns, the last of them an ellipsis; with 0
// it leaves the text as it is.
func Truncate(text string, columns int) string {
	if columns == 0 {
		return text
	}
	return ansi.Truncate(text, columns, "…")
}

func columnWidths(rows [][]string) []int {
	var widths []int
	for _, row := range rows {
		for i, cell := range row {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], ansi.StringWidth(cell))
		}
	}
	return widths
}

// minColumn is what a column keeps when it gives way.
const minColumn = 8

// shrink takes columns from the widest until the row fits, or none can give.
func shrink(widths []int, room int) {
	for total := sum(widths); total > room; total-- {
		widest := 0
		for i, w := range widths {
			if w > widths[widest] {
				widest = i
			}
		}
		if widths[widest] <= minColumn {
			return
		}
		widths[widest]--
	}
}

// Bytes renders a size in the unit that keeps it short.
func Bytes(n int64) string {
	switch {
	case n >= 1e9:
		return fmt.Sprintf("%.1f GB", float64(n)/1e9)
	case n >= 1e6:
		return fmt.Sprintf("%.1f MB", float64(n)/1e6)
	case n >= 1e3:
		return fmt.Sprintf("%.1f kB", float64(n)/1e3)
	}
	return fmt.Sprintf("%d B", n)
}
