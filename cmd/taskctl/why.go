package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"taskctl/launcher/control"
	"taskctl/pkg/logfile"
	"taskctl/pkg/screen"
	"taskctl/pkg/supervisor"
)

func (p *program) whyCommand() *cobra.Command {
	var out format
	cmd := &cobra.Command{
		Use:        "why COMPONENT",
		SuggestFor: []string{"explain", "describe", "inspect"},
		Short:      p.text("Explain why a component died and what happens next", "Explica por qué murió un componente y qué ocurrirá"),
		Long: p.text(`Show one component on one screen: its state and restarts, how it last died (exit
code, signal, out of memory), its last health checks, the last 30 lines that it
printed, and what happens next.`,
			`Muestra un componente en una pantalla: su estado y sus reinicios, cómo murió la
última vez (código, señal, memoria agotada), sus últimas comprobaciones, las
últimas 30 líneas que imprimió y qué ocurrirá después.`),
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
			why, err := control.NewClient(cfg).Why(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			if out == asJSON {
				return printJSON(p.stdout, why)
			}
			_, err = fmt.Fprint(p.stdout, p.renderWhy(why, screen.PaletteFor(p.stdout, p.getenv)))
			return err
		},
	}
	formatFlag(cmd, &out, p.lang.FlagJSON())
	return cmd
}

// renderWhy renders one screen: the state, the last exit, the last lines of output,
// earlier restarts, and what happens next.
func (p *program) renderWhy(why control.Why, palette screen.Palette) string {
	var b strings.Builder
	s := why.Status
	fmt.Fprintf(&b, "%s: %s", palette.Bold(s.Name), paintState(palette, s.State, p.lang.StateName(s.State)))
	if s.PID > 0 {
		fmt.Fprintf(&b, ", pid %d", s.PID)
	}
	fmt.Fprintln(&b)
	if s.Budget != nil {
		fmt.Fprintf(&b, "%s\n", control.BudgetText(p.lang, *s.Budget, s.Exit, time.Now()))
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
	if change := s.FileChange; change != nil {
		fmt.Fprintf(&b, "\n%s\n", logfile.Printable(p.lang.WhyFilesChanged(change.At.Local().Format(time.DateTime), change.Files)))
	}
	if why.Crash == nil {
		fmt.Fprintf(&b, "\n%s\n", p.lang.WhyNeverDied(s.Name))
		return b.String()
	}
	c := why.Crash
	if c.PID == 0 && c.Exit.Reason == supervisor.NotStarted {
		fmt.Fprintf(&b, "\n%s\n", p.lang.WhyNotStarted(c.Exit.At.Local().Format(time.DateTime), c.Generation, control.ExitText(p.lang, c.Exit)))
		return b.String()
	}
	fmt.Fprintf(&b, "\n%s\n", p.lang.WhyDied(c.Exit.At.Local().Format(time.DateTime), c.PID, c.Generation, control.ExitText(p.lang, c.Exit), c.Exit.Uptime))
	if hint := control.ExitHint(p.lang, c.Exit); hint != "" {
		fmt.Fprintln(&b, hint)
	}
	if len(c.Probes) > 0 {
		fmt.Fprintf(&b, "\n%s\n", p.lang.WhyProbes())
		for _, probe := range c.Probes {
			result := "ok"
			if probe.Err != "" {
				result = logfile.Printable(probe.Err)
			}
			fmt.Fprintf(&b, "  %s  %s  %s\n", probe.At.Local().Format(time.TimeOnly), p.lang.Took(probe.Duration), result)
		}
	}
	if len(c.Lines) > 0 {
		fmt.Fprintf(&b, "\n%s%s\n", p.lang.WhyLines(), indented(c.Lines))
	}
	return b.String()
}

// completeOneComponent completes a component name as the only argument.
func (p *program) completeOneComponent(cmd *cobra.Command, args []string, prefix string) ([]string, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	return p.completeComponents(cmd, args, prefix)
}
