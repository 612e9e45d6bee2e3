package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"
	"slices"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"taskctl/launcher/control"
	"taskctl/pkg/bench"
	"taskctl/pkg/client"
	"taskctl/pkg/config"
	"taskctl/pkg/screen"
	"taskctl/pkg/task"
)

// benchOptions are the flags of every measurement of a system.
type benchOptions struct {
	api       []string
	ws        []string
	listening bool // clients of the notification server are connected
	remote    bool
	out       format
}

func (p *program) benchCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:        "bench",
		SuggestFor: []string{"benchmark", "load"},
		Short:      p.text("Measure a running system under load", "Mide un sistema en marcha bajo carga"),
		Long: p.text(`Put load on a running system and print rates and percentiles. In the same run it
measures the limits of this machine, because only ratios can be compared between
machines. The tasks that it creates are deleted afterwards. Ctrl+C ends the
measurement and prints the results so far.`,
			`Somete a carga un sistema en marcha y muestra tasas y percentiles. En la misma
ejecución mide los límites de esta máquina, porque entre máquinas solo se
pueden comparar proporciones. Las tareas que crea se borran al final. Ctrl+C
termina la medición y muestra los resultados hasta entonces.`),
		Example: "  taskctl bench limits\n  taskctl bench rest --connections 64\n  taskctl bench fanout --clients 1000",
		Args:    p.noArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	add(cmd, "", p.benchRestCommand(), p.benchFanoutCommand(), p.benchLimitsCommand(), p.benchPeerCommand())
	return cmd
}

func (p *program) benchFlags(cmd *cobra.Command, o *benchOptions) {
	cmd.Flags().StringArrayVar(&o.api, "api", nil, p.text("`URL` of the API; repeat it to share the requests between several (default: that of the running system, or of the settings)",
		"`URL` de la API; repítala para repartir las peticiones entre varias (por defecto: la del sistema en marcha, o la de los ajustes)"))
	cmd.Flags().BoolVar(&o.remote, "remote", false, p.text("allow a system on another machine", "permite un sistema en otra máquina"))
	formatFlag(cmd, &o.out, p.lang.FlagJSON())
}

// benchTarget finds the system to measure: the one of the flags, else the one that
// runs in the directory, else the one of the settings.
func (p *program) benchTarget(cmd *cobra.Command, cfg *config.Config, o benchOptions) (bench.Target, error) {
	t := bench.Target{API: []string{cfg.APIURL()}, WebSocket: []string{cfg.WebSocket()}, Token: cfg.ClientConfig().Token, TLS: cfg.ClientTLS()}
	status, err := control.NewClient(cfg).Status(cmd.Context())
	switch {
	case err == nil:
		t.API, t.WebSocket, t.Processes = []string{status.API}, []string{localWebSocket(cfg, status)}, benchProcesses(status)
	case !errors.Is(err, control.ErrNotRunning):
		return t, err
	case len(o.api) == 0:
		p.tellOtherSystem(cmd, p.lang.UsingOtherSystem)
	}
	for _, f := range []struct {
		flag    string
		values  []string
		schemes [2]string
		into    *[]string
	}{
		{"--api", o.api, [2]string{"http", "https"}, &t.API},
		{"--ws", o.ws, [2]string{"ws", "wss"}, &t.WebSocket},
	} {
		for _, value := range f.values {
			u, err := url.Parse(value)
			if err != nil || u.Host == "" || u.User != nil || u.Scheme != f.schemes[0] && u.Scheme != f.schemes[1] {
				return t, &usageError{p.lang.FlagBadValue(f.flag, value)}
			}
		}
		if len(f.values) > 0 {
			if !slices.Equal(f.values, *f.into) {
				t.Processes = nil     // they belong to another system
				t.Token = cfg.Token() // the internal one is for this machine only
			}
			*f.into = f.values
		}
		for _, address := range *f.into {
			if f.flag == "--ws" && !o.listening {
				continue
			}
			if !o.remote && !bench.Local(address) {
				return t, &usageError{p.lang.BenchNotLocal(address)}
			}
		}
	}
	return t, nil
}

// checkTarget reports another program that answers in the place of taskctl. The
// measurement itself reports everything else.
func (p *program) checkTarget(ctx context.Context, t bench.Target, o benchOptions) error {
	c, err := client.New(client.Config{BaseURL: t.API[0], Token: t.Token, TLS: t.TLS, Attempts: 1})
	if err != nil {
		return err
	}
	_, err = c.List(ctx, task.Query{Limit: 1})
	var refused *client.Problem
	if !errors.As(err, &refused) || !refused.Foreign() {
		return nil
	}
	foreign := &foreignError{url: c.BaseURL(), err: refused}
	if len(o.api) > 0 {
		foreign.flag = "--api"
	}
	return foreign
}

// localWebSocket is the notification server's own listener where this machine runs one:
// websocket_url may be a proxy.
func localWebSocket(cfg *config.Config, status control.Status) string {
	for _, c := range status.Components {
		if c.Name == config.WSServer && c.Address != "" {
			return cfg.At("", c.Address).LocalWebSocket()
		}
	}
	return status.WebSocket
}

// benchProcesses are the processes of a system, the launcher included: everything
// that the components print passes through it.
func benchProcesses(status control.Status) []bench.Process {
	if status.Mode == control.ModeInProcess {
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

// comparison says whether a measurement is compared with a peer on this machine.
type comparison uint8

const (
	withoutPeer comparison = iota
	withPeer
)

// comparisonFor is withPeer if all servers are on this machine.
func comparisonFor(addresses []string) comparison {
	if bench.AllLocal(addresses) {
		return withPeer
	}
	return withoutPeer
}

// measure runs a measurement with a progress line.
func (p *program) measure(ctx context.Context, cfg *config.Config, c comparison, run func(bench.Options) error) (err error) {
	opts := bench.Options{Progress: p.benchProgress()}
	if c == withPeer {
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
	switch {
	case ctx.Err() != nil:
		return nil // stopped before it began
	case errors.Is(connect.Err, syscall.EMFILE):
		return errors.New(p.lang.BenchTooManyFiles(connect.URL))
	}
	return errors.New(p.lang.BenchNothingAnswers(connect.URL, connectCause(connect.Err, p.lang)))
}

// startPeer starts this program again as the peer to compare with.
func (p *program) startPeer() (*bench.Peer, func() error, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, nil, fmt.Errorf("find this program: %w", err)
	}
	cmd := exec.Command(self, "bench", benchPeer)
	cmd.Stderr = p.stderr
	return bench.StartPeer(cmd)
}

// dataDir creates the data directory if there is none, and returns a function that
// removes a directory it has created.
func dataDir(path string) (release func(), err error) {
	if _, err := os.Stat(path); err == nil {
		return func() {}, nil
	}
	if err := os.MkdirAll(path, 0o700); err != nil {
		return nil, fmt.Errorf("make the data directory: %w", err)
	}
	return func() { _ = os.Remove(path) }, nil // not removed if it is in use by now
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

// printReport writes the results of a measurement, as JSON or for people.
func (p *program) printReport(report any, out format, text func() string) error {
	if screen.IsTerminal(p.stderr) {
		fmt.Fprint(p.stderr, "\r\x1b[K") // the progress line
	}
	if out == asJSON {
		return printJSON(p.stdout, report)
	}
	_, err := io.WriteString(p.stdout, text())
	return err
}

// between checks a number from a flag.
func (p *program) between(flag string, n, low, high int) error {
	if n < low || n > high {
		return &usageError{p.lang.BenchBetween(flag, low, high)}
	}
	return nil
}

// positive checks a duration from a flag.
func (p *program) positive(flag string, d time.Duration) error {
	if d <= 0 {
		return &usageError{p.lang.BenchPositive(flag)}
	}
	return nil
}
