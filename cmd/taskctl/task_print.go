package main

import (
	"context"
	"fmt"
	"io"
	"strings"

	"taskctl/pkg/client"
	"taskctl/pkg/logfile"
	"taskctl/pkg/screen"
	"taskctl/pkg/task"
)

// taskPrinter renders a list of tasks in one format.
type taskPrinter struct {
	page func([]task.Task)
	end  func()
}

func (p *program) taskPrinter(ctx context.Context, c *client.Client, w io.Writer, o taskListOptions) (taskPrinter, error) {
	switch {
	case o.out == asJSON:
		return jsonPrinter(w), nil
	case o.quiet:
		return taskPrinter{end: func() {}, page: func(tasks []task.Task) {
			for _, t := range tasks {
				fmt.Fprintln(w, t.ID)
			}
		}}, nil
	}
	short, err := c.ShortIDs(ctx)
	if err != nil {
		return taskPrinter{}, err
	}
	return p.tablePrinter(w, short), nil
}

// jsonPrinter prints a JSON array with one task per line.
func jsonPrinter(w io.Writer) taskPrinter {
	var line []byte
	before := "[\n"
	return taskPrinter{
		page: func(tasks []task.Task) {
			for _, t := range tasks {
				line = t.AppendJSON(append(line[:0], before...))
				before = ",\n"
				_, _ = w.Write(line) // Flush returns the error
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

// minWidthWithTime is the narrowest terminal for which the creation time is shown.
const minWidthWithTime = 60

// tablePrinter prints a table. All columns have the same width on every page, except
// the last one, the title, which is cut at the terminal's width.
func (p *program) tablePrinter(w io.Writer, short func(id string) string) taskPrinter {
	width, palette := screen.Width(p.stdout), screen.PaletteFor(p.stdout, p.getenv)
	withTime := width == 0 || width >= minWidthWithTime
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
			cells := row(fmt.Sprintf("%-*s", idWidth, short(t.ID)), p.lang.YesNo(t.Completed), t.CreatedAt.Local().Format(minuteLayout), screen.Truncate(oneLine(t.Title), room))
			if t.Completed {
				for i := range cells {
					cells[i] = palette.Dim(cells[i])
				}
			}
			rows = append(rows, cells)
		}
		_, _ = io.WriteString(w, screen.Table("", width, rows)) // Flush returns the error
		rows = nil
	}}
}

const (
	idWidth      = 8 // long enough for most shortened ids
	minuteLayout = "2006-01-02 15:04"
)

// oneLine makes a text fit into one line of a table.
func oneLine(text string) string {
	return strings.ReplaceAll(logfile.Printable(text), "\t", " ")
}
