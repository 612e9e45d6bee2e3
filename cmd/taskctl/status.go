package main

import (
	"context"
	"io"

	"github.com/spf13/cobra"

	"taskctl/launcher/control"
	"taskctl/pkg/config"
	"taskctl/pkg/screen"
)

func (p *program) statusCommand() *cobra.Command {
	var (
		out   format
		watch bool
	)
	cmd := &cobra.Command{
		Use:        "status",
		SuggestFor: []string{"ps", "st", "state", "info"},
		Short:      p.text("Show the state of the system and its components", "Muestra el estado del sistema y de sus componentes"),
		Long: p.text(`Show each component's state, process, address, uptime, restarts, CPU, memory
and last exit. The exit code is 0 when all is ready, 7 when the system is not
running, and 8 when some component is not ready.

On a terminal, --watch shows a live view with keys: up and down select a
component, l shows its log, w why it died last, r restarts it, s starts it, x
stops it, and q leaves the view.`,
			`Muestra el estado, proceso, dirección, tiempo en marcha, reinicios, CPU, memoria
y última salida de cada componente. El código de salida es 0 si todo está listo,
7 si el sistema no está en marcha y 8 si algún componente no está listo.

En una terminal, --watch muestra una vista en vivo con teclas: arriba y abajo
eligen un componente, l muestra su registro, w por qué murió la última vez, r lo
reinicia, s lo arranca, x lo detiene y q cierra la vista.`),
		Example: "  taskctl status\n  taskctl status --watch\n  taskctl status --json | jq -r .state",
		Args:    p.noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := p.loadRunning(cmd)
			if err != nil {
				return err
			}
			if watch {
				return p.watch(cmd.Context(), cfg, out)
			}
			return p.status(cmd.Context(), cfg, out)
		},
	}
	cmd.Flags().BoolVar(&watch, "watch", false, p.text("refresh every second until Ctrl+C; on a terminal, with keys", "actualiza cada segundo hasta Ctrl+C; en una terminal, con teclas"))
	formatFlag(cmd, &out, p.lang.FlagJSON())
	return cmd
}

func (p *program) status(ctx context.Context, cfg *config.Config, out format) error {
	s, err := control.Inspect(ctx, cfg)
	answered := err == nil
	if answered && s.State != control.Ready {
		err = control.ErrNotReady
	}
	var printed error
	switch {
	case out == asJSON && s.State != "":
		printed = printJSON(p.stdout, s)
		if err != nil {
			err = exitStatus(exitCode(err)) // the object contains the rest
		}
	case answered:
		_, printed = io.WriteString(p.stdout, p.renderStatus(s, statusLayout{palette: screen.PaletteFor(p.stdout, p.getenv), width: screen.Width(p.stdout)}).String())
	}
	if err != nil { // the exit code is correct even if the output cannot be written
		return err
	}
	return printed
}
