package main

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"taskctl/launcher/control"
	"taskctl/pkg/config"
	"taskctl/pkg/supervisor"
)

// startComponents implements `start NAME...` while a system runs.
func (p *program) startComponents(cmd *cobra.Command, names []string, out format) error {
	do := p.starting(names)
	do.out = out
	return p.bringUp(cmd, names, do)
}

func (p *program) starting(names []string) bringUp {
	return bringUp{
		request: func(ctx context.Context, c *control.Client) error { return c.StartComponents(ctx, names...) },
		report:  p.lang.ComponentStarted,
	}
}

func (p *program) restarting(names []string) bringUp {
	return bringUp{
		request: func(ctx context.Context, c *control.Client) error { return c.Restart(ctx, names...) },
		report:  p.lang.Restarted,
	}
}

// bringUp is a request that ends with components ready.
type bringUp struct {
	request func(context.Context, *control.Client) error
	report  func(name string, pid int) string // the line for a component that is ready
	out     format
}

// bringUp makes a request and prints the resulting state of the named components, or
// of all if none is named.
func (p *program) bringUp(cmd *cobra.Command, names []string, do bringUp) error {
	client, err := p.clientWith(cmd, names)
	if err != nil {
		return err
	}
	became, err := p.bringUpWith(cmd.Context(), client, names, do)
	if do.out == asJSON && became.report.Components != nil {
		err = errors.Join(err, printJSON(p.stdout, became.report))
		became.up = nil // the report has said it
	}
	for _, line := range became.up {
		fmt.Fprintln(p.stdout, line)
	}
	for _, line := range became.down {
		fmt.Fprintln(p.stderr, line)
	}
	return err
}

// broughtUp is the state of components after a request.
type broughtUp struct {
	report   componentsReport
	up, down []string // lines for people; down also has warnings
}

// bringUpWith makes a request to a launcher and returns the resulting state.
func (p *program) bringUpWith(ctx context.Context, client *control.Client, names []string, do bringUp) (broughtUp, error) {
	var became broughtUp
	err := do.request(ctx, client)
	var failed supervisor.RestartErrors
	if err != nil && !errors.As(err, &failed) {
		return became, err
	}
	status, statusErr := client.Status(ctx)
	if statusErr != nil {
		return became, errors.Join(err, statusErr)
	}
	became.report = ofComponents(status, names)
	if status.Replaced != nil {
		became.down = append(became.down, p.binaryReplaced(status.Replaced))
	}
	for _, c := range became.report.Components {
		state := supervisor.State(c.State)
		switch {
		case slices.ContainsFunc(failed, func(f *supervisor.RestartError) bool { return f.Component == c.Name }):
		case state == supervisor.StateReady:
			became.up = append(became.up, do.report(c.Name, c.PID))
		case state == supervisor.StateDone:
			became.up = append(became.up, p.lang.ComponentDone(c.Name))
		default: // it was ready, and died
			became.down = append(became.down, p.lang.RestartedNot(c.Name, c.State))
			err = errors.Join(err, control.ErrNotReady)
		}
	}
	return became, err
}

// componentsReport is the JSON that start, stop and restart print about the requested
// components.
type componentsReport struct {
	Components []control.ComponentStatus `json:"components"`
}

// ofComponents selects the named components of a status, or all if none is named.
func ofComponents(status control.Status, names []string) componentsReport {
	report := componentsReport{Components: []control.ComponentStatus{}}
	for _, c := range status.Components {
		if len(names) == 0 || slices.Contains(names, c.Name) {
			report.Components = append(report.Components, c)
		}
	}
	return report
}

// clientOf returns a client of the launcher that runs now, and of no later one.
func clientOf(cfg *config.Config) (*control.Client, error) {
	launcher, err := control.Owner(cfg)
	if err != nil {
		return nil, err
	}
	return control.NewClient(cfg).For(launcher), nil
}

// clientWith returns a client of the running launcher. It fails if the launcher does
// not have the components, or does not answer: a request would wait forever.
func (p *program) clientWith(cmd *cobra.Command, components []string) (*control.Client, error) {
	cfg, err := p.loadRunning(cmd)
	if err != nil {
		return nil, err
	}
	if err := p.running(cmd.Context(), cfg, components...); err != nil {
		return nil, err
	}
	return clientOf(cfg)
}

// stopComponents implements `stop NAME...`.
func (p *program) stopComponents(cmd *cobra.Command, names []string, out format) error {
	client, err := p.clientWith(cmd, names)
	if err != nil {
		return err
	}
	if err := client.StopComponents(cmd.Context(), names...); err != nil {
		return err
	}
	if out == asJSON {
		status, err := client.Status(cmd.Context())
		if err != nil {
			return err
		}
		return printJSON(p.stdout, ofComponents(status, names))
	}
	for _, name := range names {
		fmt.Fprintln(p.stdout, p.lang.ComponentStopped(name))
	}
	return nil
}
