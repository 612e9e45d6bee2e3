package launcher

import (
	"context"
	"errors"
	"fmt"

	"taskctl/launcher/components"
	"taskctl/launcher/control"
	"taskctl/launcher/lifecycle"
	"taskctl/pkg/access"
	"taskctl/pkg/client"
	"taskctl/pkg/config"
	"taskctl/pkg/logfile"
	"taskctl/pkg/supervisor"
)

// open opens everything that the components need, in order: the directory, the logs,
// the sockets, the control socket. It starts no component, so no process runs after a
// failure.
func (l *Launcher) open(ctx context.Context, opened *lifecycle.Closers) (*system, error) {
	s := &system{
		binary: runningBinary(), opts: l.opts, startedAt: l.startedAt, stop: l.stop, kill: l.killRequested, terminal: newTerminal(l.opts.Lang),
		pending: newPendingComponents(l.cfg.Components), position: newConsumerPosition(), finished: make(chan struct{}),
	}
	s.loaded = l.cfg
	s.reloaded.Store(l.cfg)
	s.settingsAt.Store(&l.startedAt)
	opened.Add("the terminal", s.terminal.close)
	if err := s.openDirectory(ctx, l.cfg, opened); err != nil {
		return nil, err
	}
	if err := s.openSockets(ctx, l.cfg, opened); err != nil {
		return nil, err
	}
	if err := s.openComponents(opened); err != nil {
		return nil, err
	}
	server, err := control.Serve(s.cfg, s)
	if err != nil {
		return nil, err
	}
	opened.Add("the control socket", func() error {
		return errors.Join(s.lock.SetStage(control.StageStopping), server.Close())
	})
	return s, s.lock.SetStage(control.StageServing)
}

// openDirectory locks the directory, ends the processes that a dead launcher left, and
// opens the logs.
func (s *system) openDirectory(ctx context.Context, cfg *config.Config, opened *lifecycle.Closers) (err error) {
	if s.lock, err = control.Lock(ctx, cfg); err != nil {
		return err
	}
	opened.Add("the lock", s.lock.Release)
	crashed := crashedBefore(cfg)
	swept, err := control.Sweep(ctx, cfg)
	if err != nil {
		return fmt.Errorf("clear what an earlier launcher left: %w", err)
	}
	if s.logs, err = logfile.Open(cfg.LogDir(), cfg.LogOptions()); err != nil {
		return err
	}
	opened.Add("the logs", func() error { return closeLogs(s.logs, cfg) })
	own, err := s.logs.File(config.Launcher)
	if err != nil {
		return err
	}
	s.log = components.FileLogger(own.Stream(logfile.Out))
	for _, process := range swept {
		s.log.Warn("an earlier launcher had left a process", "process", process.String(), "killed", process.Killed, "left", process.Left)
		text := s.opts.Lang.StartSwept(process.String())
		if process.Left {
			text = s.opts.Lang.StartNotSwept(process.String())
		}
		s.terminal.print(s.opts.Stderr, text+"\n")
	}
	if wrong := logfile.NotRegular(cfg.LogDir(), cfg.LogNames()...); len(wrong) > 0 {
		return wrong[0]
	}
	if crashed {
		return restoreConsumer(ctx, cfg)
	}
	return nil
}

// openSockets binds every listening socket.
func (s *system) openSockets(ctx context.Context, cfg *config.Config, opened *lifecycle.Closers) (err error) {
	if s.sockets, err = bindAll(ctx, cfg, s.opts.Inherited); err != nil {
		return err
	}
	opened.Add("the sockets", s.sockets.close)
	for _, warning := range s.sockets.warnings() {
		s.terminal.print(s.opts.Stderr, s.opts.Lang.StartWarning(warning)+"\n")
	}
	s.cfg = cfg.At(s.sockets.addr(config.API), s.sockets.addr(config.WSServer))
	return nil
}

// openComponents wires the supervisor of the components, their health checks and their
// reports.
func (s *system) openComponents(opened *lifecycle.Closers) error {
	runState, err := supervisor.OpenRunState(s.cfg.Data(control.RunStateFile))
	if err != nil {
		return err
	}
	opened.Add("the run state", runState.Close)
	token, err := access.SecretFile(s.cfg.InternalToken())
	if err != nil {
		return err
	}
	s.prober = newProber(s.sockets, token, s.cfg.ClientTLS())
	opened.Add("the connections to the components", s.prober.closeIdle)
	s.reporter = newReporter(reporterOptions{
		Print:   func(text string) { s.terminal.print(s.opts.Stderr, text+"\n") },
		Palette: s.opts.ErrPalette, Lang: s.opts.Lang, Log: s.log, WaitingFor: s.waitingFor,
	})
	s.watches.trouble = s.reporter.watchTrouble
	s.watches.restart = func(component string, files []string) {
		if err := s.supervisor.RestartFresh(component, files); err != nil {
			s.log.Warn("component not restarted after a change of its files", "component", component, "error", err)
		}
	}
	if err := s.forgetHooks(s.cfg); err != nil {
		return err
	}
	specs, err := s.specs(s.cfg)
	if err != nil {
		return err
	}
	s.supervisor, err = supervisor.New(specs, supervisor.Options{
		Logger: s.log, OnChange: s.changed, OnWaiting: s.reporter.waiting, RunState: runState, ChildDied: s.opts.ChildDied,
	})
	if err != nil {
		return err
	}
	s.api, err = client.New(client.Config{BaseURL: s.cfg.APIURL(), WebSocketURL: s.cfg.LocalWebSocket(), Token: token, TLS: s.cfg.ClientTLS()})
	if err != nil {
		return err
	}
	opened.Add("the api's client", func() error { s.api.CloseIdleConnections(); return nil })
	return nil
}
