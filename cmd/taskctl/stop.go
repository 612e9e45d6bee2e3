package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/taskctl/taskctl/launcher"
	"github.com/taskctl/taskctl/pkg/config"
	"github.com/taskctl/taskctl/pkg/screen"
	"github.com/taskctl/taskctl/pkg/supervisor"
)

func (p *program) stopCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "stop",
		Short:   p.lang.StopShort(),
		Long:    p.lang.StopLong(),
		Example: "  taskctl stop\n  taskctl stop --dir /srv/tasks",
		Args:    p.noArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return p.stop(cmd) },
	}
}

func (p *program) stop(cmd *cobra.Command) error {
	cfg, err := p.loadRunning(cmd)
	if err != nil {
		return err
	}
	pid, err := launcher.Owner(cfg)
	if err != nil {
		return err
	}
	ctx, control := cmd.Context(), launcher.Dial(cfg)
	if !control.Answers(ctx) {
		return p.terminate(ctx, cfg, pid)
	}
	waiting, done := context.WithCancel(ctx)
	defer done()
	go func() {
		p.sayWhoIsWaitedFor(waiting, control)
		done() // it has fallen silent in mid-stop: that is not waited for without end
	}()
	receipt, err := control.Stop(waiting)
	done()
	if err != nil {
		if ctx.Err() != nil {
			return err
		}
		return p.terminate(ctx, cfg, pid)
	}
	if err := launcher.Ended(ctx, cfg); err != nil {
		return err
	}
	fmt.Fprint(p.stdout, receipt.Render(p.lang, screen.PaletteFor(p.stdout, p.getenv)))
	return receipt.Err()
}

// terminate ends a launcher that does not answer.
func (p *program) terminate(ctx context.Context, cfg *config.Config, pid int) error {
	fmt.Fprintln(p.stderr, p.lang.StopNoAnswer(pid))
	killed, err := launcher.Terminate(ctx, cfg, cfg.Stop.Timeout)
	if err != nil {
		return err
	}
	if killed {
		fmt.Fprintln(p.stderr, p.lang.StopKilledLauncher(pid))
		return launcher.ErrKilled
	}
	_, err = fmt.Fprintln(p.stdout, p.lang.ReceiptClean())
	return err
}

// sayWhoIsWaitedFor names, every second, the components that have not stopped yet.
// It returns when ctx ends, or when the launcher does not answer any more.
func (p *program) sayWhoIsWaitedFor(ctx context.Context, control *launcher.Control) {
	ticker := time.NewTicker(time.Second)
	defer ticker.Stop()
	for began := time.Now(); ; {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		status, err := control.Status(ctx)
		if errors.Is(err, context.DeadlineExceeded) {
			return
		}
		if err != nil {
			continue // it ends in this moment: the stop itself tells
		}
		for _, c := range status.Components {
			if supervisor.State(c.State) == supervisor.StateStopping {
				fmt.Fprintln(p.stderr, p.lang.StopWaits(c.Name, c.PID, time.Since(began)))
			}
		}
	}
}
