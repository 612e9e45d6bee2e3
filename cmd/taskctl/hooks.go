package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"taskctl/launcher/components"
	"taskctl/launcher/control"
	"taskctl/pkg/config"
	"taskctl/pkg/hooks"
	"taskctl/pkg/screen"
	"taskctl/pkg/task"
)

func (p *program) hooksCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:        "hooks",
		SuggestFor: []string{"webhooks", "webhook"},
		Short:      p.text("Show hooks and deliver their dead letters again", "Muestra los hooks y vuelve a entregar sus eventos fallidos"),
		Long: p.text(`Hooks send each event to a URL, signed, or give it to a command. They are
configured in the settings file, and run with the system.`,
			`Los hooks envían cada evento a una URL, firmado, o lo entregan a un comando. Se
configuran en el archivo de ajustes y se ejecutan con el sistema.`),
		Example: "  taskctl hooks list\n  taskctl hooks replay shop",
		Args:    p.noArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(p.hooksListCommand(), p.hooksReplayCommand(), p.hooksRunCommand())
	return cmd
}

func (p *program) hooksListCommand() *cobra.Command {
	var out format
	cmd := &cobra.Command{
		Use:   "list",
		Short: p.text("Show each hook, its state and its lag", "Muestra cada hook, su estado y su retraso"),
		Long: p.text(`Show each hook of the settings: its state, the events it has not delivered yet,
and how many are in its dead-letter file.`,
			`Muestra cada hook de los ajustes: su estado, los eventos que aún no ha entregado
y cuántos hay en su archivo de eventos fallidos.`),
		Example: "  taskctl hooks list\n  taskctl hooks list --json | jq '.[].lag'",
		Args:    p.noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := p.loadRunning(cmd)
			if err != nil {
				return err
			}
			all := hookStatus(cmd.Context(), cfg)
			if out == asJSON {
				return printJSON(p.stdout, all)
			}
			if len(all) == 0 {
				_, err = fmt.Fprintln(p.stderr, p.lang.HooksNone())
				return err
			}
			_, err = io.WriteString(p.stdout, p.renderHooks(all, statusLayout{palette: screen.PaletteFor(p.stdout, p.getenv), width: screen.Width(p.stdout)}))
			return err
		},
	}
	formatFlag(cmd, &out, p.lang.FlagJSON())
	return cmd
}

// hookStatus is the state of every hook of the settings, whether the system runs or not.
func hookStatus(ctx context.Context, cfg *config.Config) []hooks.Status {
	status, err := control.NewClient(cfg).Status(ctx)
	if err == nil && len(status.Hooks) > 0 {
		return status.Hooks
	}
	all := []hooks.Status{}
	for _, h := range cfg.Hooks {
		all = append(all, hooks.NewStatus(cfg.HooksDir(), h, task.Position{Epoch: status.Epoch, Seq: status.Seq}))
	}
	return all
}

// renderHooks renders the state of the hooks for people.
func (p *program) renderHooks(all []hooks.Status, layout statusLayout) string {
	rows := [][]string{{p.lang.ColumnHook(), p.lang.ColumnState(), p.lang.ColumnTarget(), p.lang.ColumnLag(), p.lang.ColumnDeadLetters()}}
	var notes strings.Builder
	for _, s := range all {
		rows = append(rows, []string{
			s.Name, paintState(layout.palette, string(s.State), p.lang.HookState(string(s.State))), oneLine(s.Target),
			fmt.Sprint(s.Lag), fmt.Sprint(s.DeadLetters),
		})
		if s.LastError != "" {
			note := s.Name + ": " + oneLine(s.LastError)
			if s.NextAttempt != nil {
				note += p.lang.HookNextAttempt(s.Attempts, max(time.Until(*s.NextAttempt), 0))
			}
			notes.WriteString(screen.Wrap(layout.palette.Yellow(note), "", layout.width) + "\n")
		}
	}
	text := screen.Table("  ", layout.width, rows)
	if notes.Len() > 0 {
		text += "\n" + notes.String()
	}
	return text
}

func (p *program) hooksReplayCommand() *cobra.Command {
	var out format
	cmd := &cobra.Command{
		Use:        "replay NAME",
		SuggestFor: []string{"retry", "resend"},
		Short:      p.text("Deliver the dead letters of a hook again", "Vuelve a entregar los eventos fallidos de un hook"),
		Long: p.text(`Deliver the events in data/hooks/NAME.dead.jsonl again, in order, with one
attempt each. Delivered events are removed from the file. It stops at the first
event that cannot be delivered, keeps the rest and exits with 1.`,
			`Vuelve a entregar los eventos de data/hooks/NOMBRE.dead.jsonl, en orden, con un
intento cada uno. Los entregados se quitan del archivo. Se detiene en el primero
que no se puede entregar, conserva el resto y termina con 1.`),
		Example: "  taskctl hooks replay shop",
		Args:    p.exactArgs("NAME"),
		ValidArgsFunction: p.completeNames(func(cfg *config.Config) (names []string) {
			for _, h := range cfg.Hooks {
				names = append(names, h.Name)
			}
			return names
		}),
		RunE: func(cmd *cobra.Command, args []string) error {
			cfg, err := p.loadRunning(cmd)
			if err != nil {
				return err
			}
			h, err := hooks.Find(cfg.Hooks, args[0])
			if err != nil {
				return &usageError{p.lang.HookUnknown(args[0])}
			}
			deps, err := components.HookDeps(cfg, components.Env{Stdout: p.stdout, Stderr: p.stderr, Lang: p.lang, Version: version(), Getenv: p.getenv, Environ: os.Environ()})
			if err != nil {
				return err
			}
			result, err := hooks.Replay(cmd.Context(), h, deps)
			if err != nil {
				return err
			}
			if out == asJSON {
				err = printJSON(p.stdout, result)
			} else {
				_, err = fmt.Fprintln(p.stdout, p.lang.HookReplayed(result.Delivered, result.Remaining))
			}
			if result.Err != nil {
				return result.Err
			}
			return err
		},
	}
	formatFlag(cmd, &out, p.lang.FlagJSON())
	return cmd
}

func (p *program) hooksRunCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "run",
		Short: p.text("Run the hooks alone", "Ejecuta solo los hooks"),
		Long: p.text(`Run the hooks of the settings in this terminal, without a launcher. Events are
delivered as soon as the notification server runs.`,
			`Ejecuta los hooks de los ajustes en esta terminal, sin lanzador. Los eventos se
entregan en cuanto el servidor de notificaciones está en marcha.`),
		Example: "  taskctl hooks run",
		Args:    p.noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return p.component(cmd, func(ctx context.Context, cfg *config.Config, env components.Env) error {
				if len(cfg.Hooks) == 0 {
					return &usageError{p.lang.HooksNone()}
				}
				if env.Handle == nil {
					cfg = withRunningAddress(ctx, cfg)
				}
				return components.RunHooks(ctx, cfg, env)
			})
		},
	}
}
