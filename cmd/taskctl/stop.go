package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"taskctl/launcher/control"
	"taskctl/pkg/config"
	"taskctl/pkg/screen"
	"taskctl/pkg/supervisor"
)

func (p *program) stopCommand() *cobra.Command {
	var out format
	cmd := &cobra.Command{
		Use:        "stop [COMPONENT...]",
		SuggestFor: []string{"down", "halt", "kill", "end", "quit"},
		Short:      p.text("Stop everything that start has started", "Detiene todo lo que start ha arrancado"),
		Long: p.text(`Stop the system of the directory: the components in reverse order, then the
launcher. The command returns when nothing is left, and prints how each
component ended. A launcher that does not answer gets SIGTERM, then SIGKILL. If
components are named, only these are stopped, and they stay stopped until they
are started.`,
			`Detiene el sistema del directorio: los componentes en orden inverso y después el
lanzador. Termina cuando no queda nada, y muestra cómo terminó cada componente.
Un lanzador que no responde recibe SIGTERM y después SIGKILL. Si se nombran
componentes, solo se detienen esos, y siguen detenidos hasta que se arranquen.`),
		Example:           "  taskctl stop\n  taskctl stop mailer\n  taskctl stop --dir /srv/tasks",
		ValidArgsFunction: p.completeComponents,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				return p.stopComponents(cmd, args, out)
			}
			return p.stop(cmd, out)
		},
	}
	formatFlag(cmd, &out, p.lang.FlagJSON())
	return cmd
}

func (p *program) stop(cmd *cobra.Command, out format) error {
	cfg, err := p.loadRunning(cmd)
	if err != nil {
		return err
	}
	launcher, err := control.Owner(cfg)
	if err != nil {
		return err
	}
	ctx, client := cmd.Context(), control.NewClient(cfg).For(launcher)
	if !client.Answers(ctx) {
		return p.terminate(ctx, cfg, launcher, out)
	}
	waitCtx, stopWaiting := context.WithCancel(ctx)
	defer stopWaiting()
	go func() {
		p.printWaitedFor(waitCtx, client)
		stopWaiting() // the launcher does not answer any more
	}()
	receipt, err := client.Stop(waitCtx)
	stopWaiting()
	if err != nil {
		if ctx.Err() != nil {
			return err
		}
		return p.terminate(ctx, cfg, launcher, out)
	}
	if err := launcher.WaitEnded(ctx, cfg); err != nil {
		return err
	}
	if out == asJSON {
		return errors.Join(printJSON(p.stdout, receipt.Report()), receipt.Err())
	}
	fmt.Fprint(p.stdout, receipt.Render(p.lang, screen.PaletteFor(p.stdout, p.getenv)))
	return receipt.Err()
}

// terminate ends a launcher that does not answer, unless it has ended by now.
func (p *program) terminate(ctx context.Context, cfg *config.Config, launcher control.Instance, out format) error {
	began := time.Now()
	if !launcher.Ended(cfg) {
		fmt.Fprintln(p.stderr, p.lang.StopNoAnswer(launcher.PID))
	}
	killed, err := control.Terminate(ctx, cfg, launcher, cfg.Stop.Timeout)
	if err != nil {
		return err
	}
	receipt := control.Receipt{Took: time.Since(began)}
	receipt.Endings, err = leftBehind(cfg)
	if out == asJSON {
		report := receipt.Report()
		report.LauncherKilled = killed
		err = errors.Join(err, printJSON(p.stdout, report))
	}
	if len(receipt.Left()) > 0 {
		if out != asJSON {
			fmt.Fprint(p.stdout, receipt.Render(p.lang, screen.PaletteFor(p.stdout, p.getenv)))
		}
		return errors.Join(err, receipt.Err())
	}
	if killed {
		fmt.Fprintln(p.stderr, p.lang.StopKilledLauncher(launcher.PID))
		return errors.Join(err, control.ErrKilled)
	}
	if out != asJSON && err == nil {
		_, err = fmt.Fprintln(p.stdout, p.lang.ReceiptClean())
	}
	return err
}

// leftBehind lists what a launcher that has ended left running, according to its run
// state, unless another one has started since: then the run state is that one's.
func leftBehind(cfg *config.Config) ([]supervisor.StopResult, error) {
	if _, err := control.Owner(cfg); err == nil {
		return nil, nil
	}
	swept, err := supervisor.Leftovers(cfg.Data(control.RunStateFile))
	var left []supervisor.StopResult
	for _, s := range swept {
		left = append(left, supervisor.StopResult{Component: s.Component, How: supervisor.OutcomeLeft, Left: []supervisor.Member{s.Member}})
	}
	return left, err
}

// printWaitedFor prints every second which components have not stopped yet. It returns
// when ctx ends, or when the launcher no longer answers.
func (p *program) printWaitedFor(ctx context.Context, client *control.Client) {
	ticker := time.NewTicker(time.Second)
	defer ticker.Stop()
	for began := time.Now(); ; {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		status, err := client.Status(ctx)
		if errors.Is(err, context.DeadlineExceeded) {
			return
		}
		if err != nil {
			continue // the launcher has just ended, which client.Stop reports
		}
		for _, c := range status.Components {
			if supervisor.State(c.State) == supervisor.StateStopping {
				fmt.Fprintln(p.stderr, p.lang.StopWaits(c.Name, c.PID, time.Since(began)))
			}
		}
	}
}
