package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/taskctl/taskctl/launcher"
	"github.com/taskctl/taskctl/pkg/config"
	"github.com/taskctl/taskctl/pkg/message"
	"github.com/taskctl/taskctl/pkg/screen"
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
			cfg, err := p.load(cmd)
			if err != nil {
				return err
			}
			if watch {
				return p.watch(cmd.Context(), cfg)
			}
			return p.status(cmd.Context(), cfg, asJSON)
		},
	}
	cmd.Flags().BoolVar(&watch, "watch", false, p.lang.FlagWatch())
	cmd.Flags().BoolVar(&asJSON, "json", false, p.lang.FlagJSON())
	return cmd
}

func (p *program) status(ctx context.Context, cfg *config.Config, asJSON bool) error {
	s, err := look(ctx, cfg)
	if err != nil && !errors.Is(err, launcher.ErrNotRunning) {
		return err
	}
	notRunning := err
	switch {
	case asJSON:
		err = printJSON(p.stdout, s)
	case notRunning != nil:
		return notRunning
	default:
		_, err = io.WriteString(p.stdout, p.renderStatus(s, screen.PaletteFor(p.stdout, p.getenv), screen.Width(p.stdout)))
	}
	switch {
	case err != nil:
		return err
	case notRunning != nil:
		return exitStatus(exitNotRunning)
	case s.State != launcher.Ready:
		return launcher.ErrNotReady
	}
	return nil
}

// look asks the launcher of the directory how the system is. With ErrNotRunning
// comes the status of a system that does not run.
func look(ctx context.Context, cfg *config.Config) (launcher.Status, error) {
	s, err := launcher.Dial(cfg).Status(ctx)
	if !errors.Is(err, launcher.ErrNotRunning) {
		return s, err
	}
	pid, ownerErr := launcher.Owner(cfg)
	if errors.Is(ownerErr, launcher.ErrNotRunning) {
		return launcher.NotRunningStatus(cfg), err
	}
	if ownerErr != nil {
		return s, ownerErr
	}
	// It holds the lock but has no socket yet, or no longer.
	s = launcher.NotRunningStatus(cfg)
	s.State, s.PID = launcher.Starting, pid
	return s, nil
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
			fmt.Sprint(c.Restarts), fmt.Sprintf("%.1f%%", c.CPUPercent), memory(c.RSSBytes), orDash(c.LastExit),
		}
		if c.Budget != "" {
			row[8] += " (" + c.Budget + ")"
		}
		rows = append(rows, row)
	}
	b.WriteByte('\n')
	b.WriteString(screen.Table("  ", width, rows))
	fmt.Fprintf(&b, "\n%s", p.lang.StatusTraffic(s.Clients, s.Seq))
	if s.RoundTrip != nil {
		b.WriteString(p.lang.StatusRoundTrip(message.Took(time.Duration(s.RoundTrip.TookMS * float64(time.Millisecond)))))
	}
	b.WriteByte('\n')
	return b.String()
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

func memory(rss uint64) string {
	if rss == 0 {
		return "-"
	}
	return screen.Bytes(int64(rss))
}
