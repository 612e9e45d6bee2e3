package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"taskctl/launcher/control"
)

func (p *program) reloadCommand() *cobra.Command {
	var out format
	cmd := &cobra.Command{
		Use:   "reload",
		Short: p.text("Apply changed settings of components", "Aplica los ajustes cambiados de los componentes"),
		Long: p.text(`Read the settings again and apply the changes of the components in them: new
ones are started, removed ones are stopped, changed ones are restarted, and the
others are not touched. Changes of restart, watch, ready.timeout and stop.timeout
are applied without a restart. Changed hooks restart the component hooks. A
mistake in the settings changes nothing. A detached launcher does the same when it
receives SIGHUP.`,
			`Lee los ajustes de nuevo y aplica los cambios de sus componentes: los nuevos se
arrancan, los que ya no están se detienen, los cambiados se reinician y los
demás no se tocan. Los cambios de restart, watch, ready.timeout y stop.timeout se
aplican sin reiniciar. Si cambian los hooks, se reinicia el componente hooks. Un
error en los ajustes no cambia nada. Un lanzador en segundo plano hace lo mismo
cuando recibe SIGHUP.`),
		Example: "  taskctl reload",
		Args:    p.noArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return p.reload(cmd, out) },
	}
	formatFlag(cmd, &out, p.lang.FlagJSON())
	return cmd
}

func (p *program) reload(cmd *cobra.Command, out format) error {
	cfg, mistakes, err := p.loadBeside(cmd)
	if err != nil {
		return err
	}
	if mistakes != nil {
		return mistakes
	}
	if _, err := control.Inspect(cmd.Context(), cfg); err != nil {
		return err
	}
	client, err := clientOf(cfg)
	if err != nil {
		return err
	}
	reloaded, err := client.Reload(cmd.Context())
	if err != nil {
		return err
	}
	if out == asJSON {
		err = printJSON(p.stdout, reportOf(reloaded))
	} else {
		err = p.printReloaded(cmd.Context(), client, reloaded)
	}
	if len(reloaded.Failed) > 0 {
		err = errors.Join(err, reloaded.Failed)
	}
	return err
}

// reloadReport is what a reload did, as JSON.
type reloadReport struct {
	Started   []string `json:"started"`
	Stopped   []string `json:"stopped"`
	Restarted []string `json:"restarted"`
	Updated   []string `json:"updated"`    // run on with other settings
	Failed    []string `json:"failed"`     // did not become ready
	NextStart []string `json:"next_start"` // settings that take effect at the next start
}

func reportOf(r control.Reloaded) reloadReport {
	list := func(names []string) []string { return append([]string{}, names...) } // JSON has [] then, not null
	report := reloadReport{
		Started: list(r.Started), Stopped: list(r.Stopped), Restarted: list(r.Restarted),
		Updated:   list(r.Updated),
		NextStart: list(r.NextStart), Failed: []string{},
	}
	for _, one := range r.Failed {
		report.Failed = append(report.Failed, one.Component)
	}
	return report
}

// printReloaded prints the result of a reload for people.
func (p *program) printReloaded(ctx context.Context, client *control.Client, reloaded control.Reloaded) error {
	status, err := client.Status(ctx)
	if err != nil {
		return err
	}
	pids := map[string]int{}
	for _, c := range status.Components {
		pids[c.Name] = c.PID
	}
	for _, name := range reloaded.Stopped {
		fmt.Fprintln(p.stdout, p.lang.ComponentStopped(name))
	}
	for _, one := range reloaded.Failed {
		pids[one.Component] = 0 // reported by its own error
	}
	for _, name := range reloaded.Started {
		if pids[name] > 0 {
			fmt.Fprintln(p.stdout, p.lang.ComponentStarted(name, pids[name]))
		}
	}
	for _, name := range reloaded.Restarted {
		if pids[name] > 0 {
			fmt.Fprintln(p.stdout, p.lang.Restarted(name, pids[name]))
		}
	}
	for _, name := range reloaded.Updated {
		fmt.Fprintln(p.stdout, p.lang.ReloadUpdated(name))
	}
	if len(reloaded.Started)+len(reloaded.Stopped)+len(reloaded.Restarted)+len(reloaded.Updated) == 0 {
		fmt.Fprintln(p.stdout, p.lang.ReloadNothing())
	}
	if len(reloaded.NextStart) > 0 {
		fmt.Fprintln(p.stderr, p.lang.ReloadNextStart(reloaded.NextStart))
	}
	return nil
}
