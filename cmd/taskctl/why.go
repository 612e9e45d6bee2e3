package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/taskctl/taskctl/launcher"
	"github.com/taskctl/taskctl/pkg/logfile"
	"github.com/taskctl/taskctl/pkg/message"
	"github.com/taskctl/taskctl/pkg/screen"
	"github.com/taskctl/taskctl/pkg/supervisor"
)

func (p *program) whyCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:               "why COMPONENT",
		Short:             p.lang.WhyShort(),
		Long:              p.lang.WhyLong(),
		Example:           "  taskctl why api",
		Args:              p.exactArgs("COMPONENT"),
		ValidArgsFunction: p.completeOneComponent,
		RunE: func(cmd *cobra.Command, args []string) error {
			cfg, err := p.loadRunning(cmd)
			if err != nil {
				return err
			}
			if err := p.running(cmd.Context(), cfg, args...); err != nil {
				return err
			}
			why, err := launcher.Dial(cfg).Why(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			if asJSON {
				return printJSON(p.stdout, why)
			}
			_, err = fmt.Fprint(p.stdout, p.renderWhy(why, screen.PaletteFor(p.stdout, p.getenv)))
			return err
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, p.lang.FlagJSON())
	return cmd
}

// renderWhy is one screen: how it is, how it died, what it said last, how it
// answered before, and what happens next.
func (p *program) renderWhy(why launcher.Why, palette screen.Palette) string {
	var b strings.Builder
	s := why.Status
	fmt.Fprintf(&b, "%s: %s", palette.Bold(s.Name), paintState(palette, s.State, p.lang.StateName(s.State)))
	if s.PID > 0 {
		fmt.Fprintf(&b, ", pid %d", s.PID)
	}
	fmt.Fprintln(&b)
	if s.Budget != nil {
		fmt.Fprintf(&b, "%s\n", launcher.BudgetText(p.lang, *s.Budget, s.Exit, time.Now()))
	}
	switch {
	case s.Suspended:
		fmt.Fprintf(&b, "%s\n", p.lang.ComponentSuspended(s.Name, s.PID))
	case len(s.WaitsFor) > 0:
		fmt.Fprintf(&b, "%s\n", p.lang.ComponentWaitsFor(s.Name, s.WaitsFor))
	case s.ReadyWhen != "":
		fmt.Fprintf(&b, "%s\n", p.lang.ComponentReadyWhen(s.Name, logfile.Printable(s.ReadyWhen)))
	case s.Misses > 0:
		fmt.Fprintf(&b, "%s\n", p.lang.ComponentSilent(s.Name, s.Misses))
		fallthrough
	default:
		fmt.Fprintf(&b, "%s\n", p.lang.WhyNext(s.Name, s.State))
	}
	if why.Crash == nil {
		fmt.Fprintf(&b, "\n%s\n", p.lang.WhyNeverDied(s.Name))
		return b.String()
	}
	c := why.Crash
	if c.PID == 0 && c.Exit.Reason == supervisor.NotStarted {
		fmt.Fprintf(&b, "\n%s\n", p.lang.WhyNotStarted(c.Exit.At.Local().Format(time.DateTime), c.Generation, launcher.ExitText(p.lang, c.Exit)))
		return b.String()
	}
	fmt.Fprintf(&b, "\n%s\n", p.lang.WhyDied(c.Exit.At.Local().Format(time.DateTime), c.PID, c.Generation, launcher.ExitText(p.lang, c.Exit), c.Exit.Uptime))
	if len(c.Probes) > 0 {
		fmt.Fprintf(&b, "\n%s\n", p.lang.WhyProbes())
		for _, probe := range c.Probes {
			result := "ok"
			if probe.Err != "" {
				result = logfile.Printable(probe.Err)
			}
			fmt.Fprintf(&b, "  %s  %s  %s\n", probe.At.Local().Format(time.TimeOnly), message.Took(probe.Took), result)
		}
	}
	if len(c.Lines) > 0 {
		fmt.Fprintf(&b, "\n%s%s\n", p.lang.WhyLines(), indented(c.Lines))
	}
	return b.String()
}

// completeOneComponent offers the component names for the only argument.
func (p *program) completeOneComponent(cmd *cobra.Command, args []string, prefix string) ([]string, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	return p.completeComponents(cmd, args, prefix)
}
