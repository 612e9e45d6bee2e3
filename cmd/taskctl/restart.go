package main

import (
	"fmt"
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
			cfg, err := p.load(cmd)
			if err != nil {
				return err
			}
			if err := p.knownComponents(cfg, args); err != nil {
				return err
			}
			if _, err := launcher.Look(cmd.Context(), cfg); err != nil {
				return err // a silent launcher would be waited for without end
			}
			control := launcher.Dial(cfg)
			if err := control.Restart(cmd.Context(), args...); err != nil {
				return err
			}
			status, err := control.Status(cmd.Context())
			if err != nil {
				return err
			}
			for _, c := range status.Components {
				switch {
				case len(args) > 0 && !slices.Contains(args, c.Name):
				case supervisor.State(c.State) == supervisor.StateReady:
					fmt.Fprintln(p.stdout, p.lang.Restarted(c.Name, c.PID))
				default: // it was ready, and died
					fmt.Fprintln(p.stderr, p.lang.RestartedNot(c.Name, c.State))
					err = launcher.ErrNotReady
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

func (p *program) knownComponents(cfg *config.Config, names []string) error {
	known := componentNames(cfg)
	for _, name := range names {
		if !slices.Contains(known, name) {
			return &usageError{p.lang.UnknownComponent(name, config.Nearest(name, known))}
		}
	}
	return nil
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
