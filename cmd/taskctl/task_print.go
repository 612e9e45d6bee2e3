package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/taskctl/taskctl/pkg/logfile"
	"github.com/taskctl/taskctl/pkg/screen"
	"github.com/taskctl/taskctl/pkg/task"
)

// taskPrinter renders a list in one of its forms.
type taskPrinter struct {
	page func([]task.Task)
	end  func()
}

func (p *program) taskPrinter(w io.Writer, o taskListOptions) taskPrinter {
	switch {
	case o.json:
		return jsonPrinter(w)
	case o.quiet:
		return taskPrinter{end: func() {}, page: func(tasks []task.Task) {
			for _, t := range tasks {
				fmt.Fprintln(w, t.ID)
			}
		}}
	}
	return p.tablePrinter(w)
}

// jsonPrinter prints an array with one task a line.
func jsonPrinter(w io.Writer) taskPrinter {
	var line []byte
	before := "[\n"
	return taskPrinter{
		page: func(tasks []task.Task) {
			for _, t := range tasks {
				line = t.AppendJSON(append(line[:0], before...))
				before = ",\n"
				_, _ = w.Write(line) // the buffer keeps the error for Flush
			}
		},
		end: func() {
			if before == "[\n" {
				fmt.Fprintln(w, "[]")
				return
			}
			fmt.Fprintln(w, "\n]")
		},
	}
}

// roomy is how wide a terminal must be to show when tasks were created, too.
const roomy = 100

// tablePrinter prints a table. Every column but the last has the same width on
// every page, and the last, the title, gives way to the terminal's width.
func (p *program) tablePrinter(w io.Writer) taskPrinter {
	width, palette := screen.Width(p.stdout), screen.PaletteFor(p.stdout, p.getenv)
	withTime := width == 0 || width >= roomy
	doneWidth := max(len([]rune(p.lang.ColumnDone())), len([]rune(p.lang.YesNo(true))), len([]rune(p.lang.YesNo(false))))
	row := func(id, done, created, title string) []string {
		cells := []string{id, done + strings.Repeat(" ", doneWidth-len([]rune(done)))}
		if withTime {
			cells = append(cells, created)
		}
		return append(cells, title)
	}
	room := 0
	if width > 0 {
		taken := idWidth + 2 + doneWidth + 2
		if withTime {
			taken += len(minuteLayout) + 2
		}
		room = max(width-taken, len("TITLE"))
	}
	rows := [][]string{row("ID", p.lang.ColumnDone(), p.lang.ColumnCreated(), p.lang.ColumnTitle())}
	return taskPrinter{end: func() {}, page: func(tasks []task.Task) {
		if len(tasks) == 0 {
			return
		}
		for _, t := range tasks {
			cells := row(t.ID, p.lang.YesNo(t.Completed), t.CreatedAt.Local().Format(minuteLayout), screen.Truncate(oneLine(t.Title), room))
			if t.Completed {
				for i := range cells {
					cells[i] = palette.Dim(cells[i])
				}
			}
			rows = append(rows, cells)
		}
		_, _ = io.WriteString(w, screen.Table("", width, rows)) // the buffer keeps the error for Flush
		rows = nil
	}}
}

const (
	idWidth      = 36 // a UUID
	minuteLayout = "2006-01-02 15:04"
)

// oneLine makes a text safe to stand in a line of a table.
func oneLine(text string) string {
	return strings.ReplaceAll(logfile.Printable(text), "\t", " ")
}
