package main

import (
	"context"
	"fmt"
	"os"
	"slices"

	"github.com/spf13/cobra"

	"taskctl/launcher/control"
	"taskctl/pkg/config"
)

func (p *program) restartCommand() *cobra.Command {
	var out format
	cmd := &cobra.Command{
		Use:   "restart [COMPONENT...]",
		Short: p.text("Restart components without refusing a connection", "Reinicia componentes sin rechazar ninguna conexión"),
		Long: p.text(`Restart the named components, or all. The API and the notification server are
replaced while they run: the old one serves until the new one is ready. A
component that has failed is started again. A component without a ready check has
to run for a second before it is reported as restarted. The settings stay those of
the start; taskctl reload applies changes.`,
			`Reinicia los componentes nombrados, o todos. La API y el servidor de
notificaciones se sustituyen en marcha: el anterior atiende hasta que el nuevo
está listo. Un componente fallido se arranca de nuevo. Un componente sin
comprobación ready debe ejecutarse un segundo antes de darse por reiniciado. Los
ajustes siguen siendo los del arranque; taskctl reload aplica los cambios.`),
		Example:           "  taskctl restart\n  taskctl restart api",
		ValidArgsFunction: p.completeComponents,
		RunE: func(cmd *cobra.Command, args []string) error {
			do := p.restarting(args)
			do.out = out
			return p.bringUp(cmd, args, do)
		},
	}
	formatFlag(cmd, &out, p.lang.FlagJSON())
	return cmd
}

// running looks at the system that runs, which has to have the components. What
// is changed in the settings since it was started it does not know, which is said.
func (p *program) running(ctx context.Context, cfg *config.Config, components ...string) error {
	s, err := control.Inspect(ctx, cfg)
	known := cfg.ComponentNames()
	if len(s.Components) > 0 {
		known = nil
		for _, c := range s.Components {
			known = append(known, c.Name)
		}
	}
	if info, statErr := os.Stat(cfg.File); statErr == nil && s.SettingsAt != nil && info.ModTime().After(*s.SettingsAt) {
		fmt.Fprintln(p.stderr, p.lang.SettingsChanged(cfg.File))
	}
	for _, name := range components {
		if !slices.Contains(known, name) {
			return &usageError{p.lang.UnknownComponent(name, config.Nearest(name, known), known)}
		}
	}
	return err
}

// completeComponents completes component names.
func (p *program) completeComponents(cmd *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	cfg, err := p.load(cmd)
	if err != nil {
		return nil, cobra.ShellCompDirectiveError
	}
	names := slices.DeleteFunc(cfg.ComponentNames(), func(name string) bool { return slices.Contains(args, name) })
	return names, cobra.ShellCompDirectiveNoFileComp
}
