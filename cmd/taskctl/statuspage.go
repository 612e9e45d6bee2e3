package main

import (
	"fmt"
	"strings"
	"time"

	"taskctl/launcher/control"
	"taskctl/pkg/logfile"
	"taskctl/pkg/screen"
	"taskctl/pkg/supervisor"
)

// statusLayout is how a status is laid out.
type statusLayout struct {
	palette  screen.Palette
	width    int    // columns; 0: as many as it takes
	selected string // the component that is marked
}

// statusPage is a status laid out for people.
type statusPage struct {
	top        string
	components []string // lines: the heading, then one or more for each component
	rest       string
}

func (s statusPage) String() string {
	return s.top + "\n" + strings.Join(s.components, "\n") + "\n" + s.rest
}

// mark stands before the name of the selected component.
const mark = "> "

// renderStatus renders a status for people.
func (p *program) renderStatus(s control.Status, layout statusLayout) statusPage {
	heading := p.lang.StatusHeading(paintState(layout.palette, string(s.State), p.lang.StateName(string(s.State))), s.Mode, s.Dir, s.PID)
	rows := screen.FitText("", layout.width, p.statusRows(s, layout), spareColumns()...)
	return statusPage{
		top:        screen.Wrap(heading, "", layout.width) + "\n",
		components: strings.Split(strings.TrimSuffix(screen.Table("", layout.width, rows), "\n"), "\n"),
		rest:       p.statusRest(s, layout),
	}
}

func (p *program) statusRows(s control.Status, layout statusLayout) [][]string {
	rows := [][]string{{
		"  " + p.lang.ColumnName(), p.lang.ColumnState(), "PID", p.lang.ColumnAddress(), p.lang.ColumnUptime(),
		p.lang.ColumnRestarts(), p.lang.ColumnCPU(), p.lang.ColumnMemory(), p.lang.ColumnLastExit(),
	}}
	for _, c := range s.Components {
		name := "  " + c.Name
		if c.Name == layout.selected {
			name = mark + layout.palette.Bold(c.Name)
		}
		row := []string{
			name, paintState(layout.palette, c.State, p.lang.StateName(c.State)), dash(c.PID), orDash(c.Address), uptime(c.StartedAt),
			fmt.Sprint(c.Restarts), p.lang.Number("%.1f%%", c.CPUPercent), p.memory(c.RSSBytes), "-",
		}
		if c.Exit != nil {
			row[8] = oneLine(control.ExitText(p.lang, *c.Exit))
		}
		rows = append(rows, row)
	}
	return rows
}

// spareColumns are the columns left out on a narrow terminal, the least important
// first: CPU, memory, uptime, restarts, address, PID. --json has them all.
func spareColumns() []int { return []int{6, 7, 4, 5, 3, 2} }

// statusRest is what there is to say besides the components' table.
func (p *program) statusRest(s control.Status, layout statusLayout) string {
	var b strings.Builder
	paragraph := func(text string) { fmt.Fprintf(&b, "\n%s\n", screen.Wrap(text, "", layout.width)) }
	if notes := p.statusNotes(s, layout.palette); len(notes) > 0 {
		paragraph(strings.Join(notes, "\n"))
	}
	if s.Store != nil && s.Store.Server != "" && s.Broker != nil {
		state := func(s *control.Service) string {
			return paintState(layout.palette, string(s.State), p.lang.StateName(string(s.State)))
		}
		paragraph(p.lang.StatusService(s.Store.Kind, s.Store.Server, state(s.Store), s.Broker.Kind, state(s.Broker), s.Broker.Lag))
	}
	if len(s.Hooks) > 0 {
		fmt.Fprintf(&b, "\n%s", p.renderHooks(s.Hooks, layout))
	}
	if s.Store != nil && s.Store.Reason != "" {
		paragraph(layout.palette.Red(p.lang.StatusStoreDegraded(s.Store.Reason)))
	}
	traffic := p.lang.StatusTraffic(s.Clients, s.Seq)
	if s.RoundTrip != nil {
		traffic += p.lang.StatusRoundTrip(p.lang.Took(time.Duration(s.RoundTrip.TookMS * float64(time.Millisecond))))
	}
	paragraph(traffic)
	return b.String()
}

func (p *program) binaryReplaced(by *control.ReplacedBinary) string {
	return p.lang.BinaryReplaced(by.Path, by.ModifiedAt.Local().Format(time.DateTime))
}

// statusNotes explain the state of components that are not ready.
func (p *program) statusNotes(s control.Status, palette screen.Palette) []string {
	var notes []string
	if s.Replaced != nil {
		notes = append(notes, palette.Yellow(p.binaryReplaced(s.Replaced)))
	}
	for _, c := range s.Components {
		var budget string
		if c.Budget != nil {
			budget = control.BudgetText(p.lang, *c.Budget, c.Exit, time.Now())
		}
		switch {
		case supervisor.State(c.State) == supervisor.StateFailed:
			if budget == "" && c.Exit != nil { // its deaths are too long ago to count
				budget = control.ExitText(p.lang, *c.Exit)
			}
			notes = append(notes, palette.Red(p.lang.ComponentGivenUp(c.Name, budget)))
		case budget != "":
			notes = append(notes, palette.Yellow(c.Name+": "+budget))
		}
		switch {
		case c.Suspended:
			notes = append(notes, palette.Yellow(p.lang.ComponentSuspended(c.Name, c.PID)))
		case c.Misses > 0:
			notes = append(notes, palette.Yellow(p.lang.ComponentSilent(c.Name, c.Misses)))
		case len(c.WaitsFor) > 0:
			notes = append(notes, palette.Yellow(p.lang.ComponentWaitsFor(c.Name, c.WaitsFor)))
		case c.ReadyWhen != "":
			notes = append(notes, palette.Yellow(p.lang.ComponentReadyWhen(c.Name, logfile.Printable(c.ReadyWhen))))
		}
	}
	return notes
}

func paintState(p screen.Palette, state, name string) string {
	switch state {
	case "ready":
		return p.Green(name)
	case "failed":
		return p.Red(name)
	}
	return p.Yellow(name)
}

func orDash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

func dash(n int) string {
	if n == 0 {
		return "-"
	}
	return fmt.Sprint(n)
}

// uptime is how long ago something started, in whole seconds.
func uptime(since *time.Time) string {
	if since == nil {
		return "-"
	}
	return time.Since(*since).Truncate(time.Second).String()
}

func (p *program) memory(rss uint64) string {
	if rss == 0 {
		return "-"
	}
	return p.lang.Bytes(int64(rss))
}
