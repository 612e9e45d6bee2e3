package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"

	"github.com/spf13/cobra"

	"github.com/taskctl/taskctl/launcher"
	"github.com/taskctl/taskctl/pkg/config"
	"github.com/taskctl/taskctl/pkg/supervisor"
)

func (p *program) restartCommand() *cobra.Command {
	return &cobra.Command{
		Use:               "restart [COMPONENT...]",
		Short:             p.lang.RestartShort(),
		Long:              p.lang.RestartLong(),
		Example:           "  taskctl restart\n  taskctl restart api",
		ValidArgsFunction: p.completeComponents,
		RunE: func(cmd *cobra.Command, args []string) error {
			cfg, err := p.loadRunning(cmd)
			if err != nil {
				return err
			}
			// A launcher that is silent would be waited for without end.
			if err := p.running(cmd.Context(), cfg, args...); err != nil {
				return err
			}
			control := launcher.Dial(cfg)
			err = control.Restart(cmd.Context(), args...)
			var failed supervisor.RestartErrors
			if err != nil && !errors.As(err, &failed) {
				return err
			}
			status, statusErr := control.Status(cmd.Context())
			if statusErr != nil {
				return errors.Join(err, statusErr)
			}
			for _, c := range status.Components {
				switch {
				case len(args) > 0 && !slices.Contains(args, c.Name),
					slices.ContainsFunc(failed, func(f *supervisor.RestartError) bool { return f.Component == c.Name }):
				case supervisor.State(c.State) == supervisor.StateReady:
					fmt.Fprintln(p.stdout, p.lang.Restarted(c.Name, c.PID))
				default: // it was ready, and died
					fmt.Fprintln(p.stderr, p.lang.RestartedNot(c.Name, c.State))
					err = errors.Join(err, launcher.ErrNotReady)
				}
			}
			return err
		},
	}
}

// componentNames are the components of a system by its settings.
func componentNames(cfg *config.Config) []string {
	names := []string{config.WSServer, config.API, config.Consumer}
	for _, c := range cfg.Components {
		names = append(names, c.Name)
	}
	return names
}

// running looks at the system that runs, which has to have the components. What
// is changed in the settings since it was started it does not know, which is said.
func (p *program) running(ctx context.Context, cfg *config.Config, components ...string) error {
	s, err := launcher.Look(ctx, cfg)
	known := componentNames(cfg)
	if len(s.Components) > 0 {
		known = nil
		for _, c := range s.Components {
			known = append(known, c.Name)
		}
	}
	for _, name := range components {
		if !slices.Contains(known, name) {
			return &usageError{p.lang.UnknownComponent(name, config.Nearest(name, known))}
		}
	}
	if info, statErr := os.Stat(cfg.File); statErr == nil && s.StartedAt != nil && info.ModTime().After(*s.StartedAt) {
		fmt.Fprintln(p.stderr, p.lang.SettingsChanged(cfg.File))
	}
	return err
}

// completeComponents offers the component names to the shell.
func (p *program) completeComponents(cmd *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	cfg, err := p.load(cmd)
	if err != nil {
		return nil, cobra.ShellCompDirectiveError
	}
	names := slices.DeleteFunc(componentNames(cfg), func(name string) bool { return slices.Contains(args, name) })
	return names, cobra.ShellCompDirectiveNoFileComp
}
