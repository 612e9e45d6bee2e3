// Package screen lays text out for people: tables, widths and colour. It decides by the
// stream alone whether to use colour.
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

// PaletteFor returns a palette that colours only if the stream is a terminal with
// colour and NO_COLOR is not set (no-color.org).
func PaletteFor(w io.Writer, getenv func(string) string) Palette {
	return Palette{on: IsTerminal(w) && getenv("NO_COLOR") == "" && getenv("TERM") != "dumb"}
}

// On reports whether the palette colours.
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
	begin, end := "\x1b["+code+"m", "\x1b[0m"
	return begin + strings.ReplaceAll(s, "\n", end+"\n"+begin) + end // each line by itself, because a view may show only some lines
}

// IsTerminal reports whether a stream is a terminal.
func IsTerminal(w any) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// Width is the number of columns of a stream; 0: not a terminal.
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
// indent. Cells may be coloured. With width > 0 the widest columns are shortened
// until no line is longer.
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

// Fit leaves out optional columns, in the order given, until a table of the rows is
// no wider than width, or no optional column is left. With width 0 all stay.
func Fit(indent string, width int, rows [][]string, optional ...int) [][]string {
	fitting := rows
	for n := 1; n <= len(optional) && width > 0 && ansi.StringWidth(indent)+sum(columnWidths(fitting)) > width; n++ {
		fitting = without(rows, optional[:n])
	}
	return fitting
}

// FitText is Fit for rows whose last cell is a text: it is wrapped rather than
// shortened, and its further lines are rows of their own.
func FitText(indent string, width int, rows [][]string, optional ...int) [][]string {
	if width == 0 || len(rows) == 0 {
		return rows
	}
	short := make([][]string, len(rows))
	for i, row := range rows {
		short[i] = append(slices.Clone(row[:len(row)-1]), ansi.Truncate(row[len(row)-1], minLastColumn, ""))
	}
	fitting := Fit(indent, width, short, optional...)
	widths := columnWidths(fitting)
	room := width - ansi.StringWidth(indent) - sum(widths) + widths[len(widths)-1]
	var wrapped [][]string
	for i, row := range fitting {
		for n, line := range strings.Split(ansi.Wrap(rows[i][len(rows[i])-1], max(room, minColumn), ""), "\n") {
			if n > 0 {
				row = make([]string, len(row))
			}
			wrapped = append(wrapped, append(slices.Clone(row[:len(row)-1]), line))
		}
	}
	return wrapped
}

// minLastColumn is the width of the last column below which FitText leaves out other
// columns.
const minLastColumn = 20

// without copies rows without some of their columns.
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

// sum is the width of columns together, with the gaps between them.
func sum(widths []int) int {
	total := 2 * (len(widths) - 1)
	for _, w := range widths {
		total += w
	}
	return total
}

// Truncate shortens text to the given columns, ending in an ellipsis; 0: no limit.
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

// minColumn is the minimum width of a shortened column.
const minColumn = 8

// shrink shortens the widest column until the row fits, or all have minColumn.
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

// Wrap breaks text into lines of at most the given columns, each after indent. It
// breaks a word only if it is longer than a line, and keeps the line breaks of the
// text. 0: no limit.
func Wrap(text, indent string, columns int) string {
	if room := columns - ansi.StringWidth(indent); columns > 0 && room > 0 {
		text = ansi.Hardwrap(wrapWords(text, room), room, false)
	}
	return indent + strings.ReplaceAll(text, "\n", "\n"+indent)
}

// wrapWords breaks lines at spaces only, because a flag such as --dry-run, or a name
// with a hyphen, must stay whole to be copied.
func wrapWords(text string, columns int) string {
	var b strings.Builder
	column := 0
	for i, word := range strings.SplitAfter(text, " ") {
		first, rest, breaks := strings.Cut(word, "\n")
		width := ansi.StringWidth(strings.TrimRight(first, " "))
		if i > 0 && column > 0 && column+width > columns {
			b.WriteByte('\n')
			column = 0
		}
		b.WriteString(word)
		column += ansi.StringWidth(first)
		if breaks {
			column = ansi.StringWidth(rest[strings.LastIndexByte(rest, '\n')+1:])
		}
	}
	lines := strings.Split(b.String(), "\n")
	for i, line := range lines {
		lines[i] = strings.TrimRight(line, " ")
	}
	return strings.Join(lines, "\n")
}

// List renders pairs of a term and its text. The texts are aligned, and wrapped to
// width if there is enough room.
func List(indent string, width int, pairs [][2]string) string {
	column := 0
	for _, pair := range pairs {
		column = max(column, ansi.StringWidth(pair[0]))
	}
	margin := strings.Repeat(" ", ansi.StringWidth(indent)+column+2)
	room := width - len(margin)
	var b strings.Builder
	for _, pair := range pairs {
		if room >= minText || width == 0 {
			text := strings.TrimLeft(Wrap(pair[1], margin, width), " ")
			fmt.Fprintf(&b, "%s%s%*s%s\n", indent, pair[0], column-ansi.StringWidth(pair[0])+2, "", text)
			continue
		}
		fmt.Fprintf(&b, "%s%s\n%s\n", indent, pair[0], Wrap(pair[1], indent+"    ", width))
	}
	return b.String()
}

// minText is the minimum width of a text beside its term.
const minText = 30
