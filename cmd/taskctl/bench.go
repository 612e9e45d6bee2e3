package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"os/exec"
	"time"

	"github.com/spf13/cobra"

	"github.com/taskctl/taskctl/launcher"
	"github.com/taskctl/taskctl/pkg/bench"
	"github.com/taskctl/taskctl/pkg/config"
	"github.com/taskctl/taskctl/pkg/screen"
)

// benchOptions are what every measurement of a system may be given.
type benchOptions struct {
	api    string
	ws     string
	remote bool
	json   bool
}

func (p *program) benchCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "bench",
		Short:   p.lang.BenchShort(),
		Long:    p.lang.BenchLong(),
		Example: "  taskctl bench limits\n  taskctl bench rest --connections 64\n  taskctl bench fanout --clients 1000",
		Args:    p.noArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(p.benchRestCommand(), p.benchFanoutCommand(), p.benchLimitsCommand(), p.benchPeerCommand())
	return cmd
}

func (p *program) benchFlags(cmd *cobra.Command, o *benchOptions) {
	cmd.Flags().StringVar(&o.api, "api", "", p.lang.FlagBenchAPI())
	cmd.Flags().StringVar(&o.ws, "ws", "", p.lang.FlagBenchWS())
	cmd.Flags().BoolVar(&o.remote, "remote", false, p.lang.FlagBenchRemote())
	cmd.Flags().BoolVar(&o.json, "json", false, p.lang.FlagJSON())
}

// benchTarget finds the system to measure: what the flags say, else what runs in
// the directory, else what the settings say.
func (p *program) benchTarget(ctx context.Context, cfg *config.Config, o benchOptions) (bench.Target, error) {
	t := bench.Target{API: cfg.APIURL(), WebSocket: cfg.WebSocket(), Token: cfg.Auth.Token}
	status, err := launcher.Dial(cfg).Status(ctx)
	switch {
	case err == nil:
		t.API, t.WebSocket, t.Processes = status.API, status.WebSocket, benchProcesses(status)
	case !errors.Is(err, launcher.ErrNotRunning):
		return t, err
	}
	for _, f := range []struct {
		flag, value string
		schemes     [2]string
		into        *string
	}{
		{"--api", o.api, [2]string{"http", "https"}, &t.API},
		{"--ws", o.ws, [2]string{"ws", "wss"}, &t.WebSocket},
	} {
		if f.value != "" {
			u, err := url.Parse(f.value)
			if err != nil || u.Host == "" || u.User != nil || u.Scheme != f.schemes[0] && u.Scheme != f.schemes[1] {
				return t, &usageError{p.lang.FlagBadValue(f.flag, f.value)}
			}
			if f.value != *f.into {
				t.Processes = nil // those of another system
			}
			*f.into = f.value
		}
		if !o.remote && !bench.Local(*f.into) {
			return t, &usageError{p.lang.BenchNotLocal(*f.into)}
		}
	}
	return t, nil
}

// benchProcesses are the processes that a system runs in. The launcher is one:
// what the components print passes through it.
func benchProcesses(status launcher.Status) []bench.Process {
	if status.Mode == launcher.ModeInProcess {
		return []bench.Process{{Name: status.Mode, PID: status.PID}}
	}
	var all []bench.Process
	for _, c := range status.Components {
		if c.PID != 0 {
			all = append(all, bench.Process{Name: c.Name, PID: c.PID})
		}
	}
	return append(all, bench.Process{Name: config.Launcher, PID: status.PID})
}

// measure runs a measurement with what it needs around it: a peer to compare
// with, when the target is on this machine, and a progress line.
func (p *program) measure(ctx context.Context, cfg *config.Config, local bool, run func(bench.Options) error) (err error) {
	opts := bench.Options{Progress: p.benchProgress()}
	if local {
		peer, stop, err := p.startPeer()
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, stop()) }()
		opts.Peer = peer
		release, err := dataDir(cfg.DataDir())
		if err != nil {
			return err
		}
		defer release()
		opts.DataDir = cfg.DataDir()
	}
	err = run(opts)
	var connect *bench.ConnectError
	if !errors.As(err, &connect) {
		return err
	}
	if ctx.Err() != nil {
		return nil // it was asked to stop before it began
	}
	cause := connect.Err
	if op := (*net.OpError)(nil); errors.As(err, &op) {
		cause = op.Err
	}
	return errors.New(p.lang.BenchNothingAnswers(connect.URL, cause.Error()))
}

// startPeer runs this program once more, as what is compared with.
func (p *program) startPeer() (*bench.Peer, func() error, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, nil, fmt.Errorf("find this program: %w", err)
	}
	cmd := exec.Command(self, "bench", benchPeer)
	cmd.Stderr = p.stderr
	return bench.StartPeer(cmd)
}

// dataDir makes sure that there is a data directory, and returns what takes it
// away again when it was not there before.
func dataDir(path string) (release func(), err error) {
	if _, err := os.Stat(path); err == nil {
		return func() {}, nil
	}
	if err := os.MkdirAll(path, 0o700); err != nil {
		return nil, fmt.Errorf("make the data directory: %w", err)
	}
	return func() { _ = os.Remove(path) }, nil // somebody else may use it by now
}

// benchProgress draws one line on a terminal, and nothing elsewhere.
func (p *program) benchProgress() func(bench.Progress) {
	if !screen.IsTerminal(p.stderr) {
		return nil
	}
	return func(at bench.Progress) {
		text := fmt.Sprintf("\r\x1b[K%s  %s", p.lang.BenchStage(string(at.Stage)), at.Elapsed.Round(100*time.Millisecond))
		switch {
		case at.Total > 0:
			text += fmt.Sprintf("  %d/%d", at.Done, at.Total)
		case at.Done > 0:
			text += fmt.Sprintf("  %d", at.Done)
		}
		fmt.Fprint(p.stderr, text)
	}
}

// printReport writes what came of a measurement, as JSON or for people.
func (p *program) printReport(report any, asJSON bool, text func() string) error {
	if screen.IsTerminal(p.stderr) {
		fmt.Fprint(p.stderr, "\r\x1b[K") // the progress line
	}
	if asJSON {
		return printJSON(p.stdout, report)
	}
	_, err := io.WriteString(p.stdout, text())
	return err
}

// between checks a number that a flag gave.
func (p *program) between(flag string, n, low, high int) error {
	if n < low || n > high {
		return &usageError{p.lang.BenchBetween(flag, low, high)}
	}
	return nil
}

// positive checks a duration that a flag gave.
func (p *program) positive(flag string, d time.Duration) error {
	if d <= 0 {
		return &usageError{p.lang.BenchPositive(flag)}
	}
	return nil
}
