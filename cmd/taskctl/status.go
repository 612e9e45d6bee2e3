package main

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/taskctl/taskctl/launcher"
	"github.com/taskctl/taskctl/pkg/config"
	"github.com/taskctl/taskctl/pkg/logfile"
	"github.com/taskctl/taskctl/pkg/message"
	"github.com/taskctl/taskctl/pkg/screen"
	"github.com/taskctl/taskctl/pkg/supervisor"
)

func (p *program) statusCommand() *cobra.Command {
	var asJSON, watch bool
	cmd := &cobra.Command{
		Use:     "status",
		Short:   p.lang.StatusShort(),
		Long:    p.lang.StatusLong(),
		Example: "  taskctl status\n  taskctl status --watch\n  taskctl status --json | jq -r .state",
		Args:    p.noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := p.loadRunning(cmd)
			if err != nil {
				return err
			}
			if watch {
				return p.watch(cmd.Context(), cfg, asJSON)
			}
			return p.status(cmd.Context(), cfg, asJSON)
		},
	}
	cmd.Flags().BoolVar(&watch, "watch", false, p.lang.FlagWatch())
	cmd.Flags().BoolVar(&asJSON, "json", false, p.lang.FlagJSON())
	return cmd
}

func (p *program) status(ctx context.Context, cfg *config.Config, asJSON bool) error {
	s, err := launcher.Look(ctx, cfg)
	answered := err == nil
	if answered && s.State != launcher.Ready {
		err = launcher.ErrNotReady
	}
	var printed error
	switch {
	case asJSON && s.State != "":
		printed = printJSON(p.stdout, s)
		if err != nil {
			err = exitStatus(exitCode(err)) // the object has said the rest
		}
	case answered:
		_, printed = io.WriteString(p.stdout, p.renderStatus(s, screen.PaletteFor(p.stdout, p.getenv), screen.Width(p.stdout)))
	}
	if err != nil { // the exit code is the answer, whoever reads the rest
		return err
	}
	return printed
}

// renderStatus lays a status out for people.
func (p *program) renderStatus(s launcher.Status, palette screen.Palette, width int) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n", p.lang.StatusHeading(paintState(palette, string(s.State), p.lang.StateName(string(s.State))), s.Mode, s.Dir, s.PID))
	rows := [][]string{{
		p.lang.ColumnName(), p.lang.ColumnState(), "PID", p.lang.ColumnAddress(), p.lang.ColumnUptime(),
		p.lang.ColumnRestarts(), p.lang.ColumnCPU(), p.lang.ColumnMemory(), p.lang.ColumnLastExit(),
	}}
	for _, c := range s.Components {
		row := []string{
			c.Name, paintState(palette, c.State, p.lang.StateName(c.State)), dash(c.PID), orDash(c.Address), uptime(c.StartedAt),
			fmt.Sprint(c.Restarts), fmt.Sprintf("%.1f%%", c.CPUPercent), memory(c.RSSBytes), "-",
		}
		if c.Exit != nil {
			row[8] = launcher.ExitText(p.lang, *c.Exit)
		}
		rows = append(rows, row)
	}
	b.WriteByte('\n')
	b.WriteString(screen.Table("  ", width, screen.Fit("  ", width, rows, spareColumns()...)))
	if notes := p.statusNotes(s, palette); len(notes) > 0 {
		fmt.Fprintf(&b, "\n%s\n", strings.Join(notes, "\n"))
	}
	fmt.Fprintf(&b, "\n%s", p.lang.StatusTraffic(s.Clients, s.Seq))
	if s.RoundTrip != nil {
		b.WriteString(p.lang.StatusRoundTrip(message.Took(time.Duration(s.RoundTrip.TookMS * float64(time.Millisecond)))))
	}
	b.WriteByte('\n')
	return b.String()
}

// statusNotes are what there is to say of components that are not quite well.
func (p *program) statusNotes(s launcher.Status, palette screen.Palette) []string {
	var notes []string
	for _, c := range s.Components {
		var budget string
		if c.Budget != nil {
			budget = launcher.BudgetText(p.lang, *c.Budget, c.Exit, time.Now())
		}
		switch {
		case supervisor.State(c.State) == supervisor.StateFailed:
			if budget == "" && c.Exit != nil { // its deaths are too long ago to count
				budget = launcher.ExitText(p.lang, *c.Exit)
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

// spareColumns are what the status does without on a narrow terminal, the least
// missed first: CPU, memory, uptime, restarts. --json has them all.
func spareColumns() []int { return []int{6, 7, 4, 5} }

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

func memory(rss uint64) string {
	if rss == 0 {
		return "-"
	}
	return screen.Bytes(int64(rss))
}
