package main

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"

	"github.com/taskctl/taskctl/launcher"
	"github.com/taskctl/taskctl/pkg/screen"
)

type startOptions struct {
	detach     bool
	inProcess  bool
	noTestTask bool
}

func (p *program) startCommand() *cobra.Command {
	var o startOptions
	cmd := &cobra.Command{
		Use:   "start",
		Short: p.lang.StartShort(),
		Long:  p.lang.StartLong(),
		Example: `  taskctl start
  taskctl start --detach && taskctl status
  TASKCTL_API_ADDR=localhost:9001 taskctl start`,
		Args: p.noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return p.start(cmd, o) },
	}
	cmd.Flags().BoolVarP(&o.detach, "detach", "d", false, p.lang.FlagDetach())
	cmd.Flags().BoolVar(&o.inProcess, "in-process", false, p.lang.FlagInProcess())
	cmd.Flags().BoolVar(&o.noTestTask, "no-test-task", false, p.lang.FlagNoTestTask())
	p.settingFlags(cmd, "api.addr", "wsserver.addr", "stop.timeout")
	return cmd
}

// launcherGCPercent has a launcher of processes collect its garbage early: it
// makes little, and after hundreds of restarts still fits into 20 MB.
const launcherGCPercent = 50

func (p *program) start(cmd *cobra.Command, o startOptions) error {
	cfg, err := p.load(cmd)
	if err != nil {
		return err
	}
	executable, err := launcher.Executable()
	if err != nil {
		return err
	}
	if runtime.GOOS == "windows" && !o.inProcess {
		fmt.Fprintln(p.stderr, p.lang.StartNoProcesses())
		o.inProcess = true
	}
	detached := launcher.Detached(p.getenv)
	if o.detach && p.passed != nil {
		return &usageError{p.lang.DetachPassed()}
	}
	if o.detach && detached == nil {
		return p.detach(cmd.Context(), executable)
	}
	if !o.inProcess && p.getenv("GOGC") == "" {
		debug.SetGCPercent(launcherGCPercent)
	}
	l, err := launcher.New(cfg, launcher.Options{
		InProcess:  o.inProcess,
		NoTestTask: o.noTestTask,
		Detached:   detached,
		Passed:     p.passed,
		ChildDied:  childDeaths(),
		Executable: executable,
		Version:    version(),
		Stdout:     p.stdout,
		Stderr:     p.stderr,
		Palette:    screen.PaletteFor(p.stdout, p.getenv),
		ErrPalette: screen.PaletteFor(p.stderr, p.getenv),
		Lang:       p.lang,
		Getenv:     p.getenv,
	})
	if err != nil {
		return err
	}
	go func() {
		<-p.signals.second
		l.Kill()
	}()
	return l.Run(cmd.Context())
}
