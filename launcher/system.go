package launcher

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"slices"
	"sync/atomic"
	"time"

	"taskctl/launcher/control"
	"taskctl/launcher/lifecycle"
	"taskctl/pkg/client"
	"taskctl/pkg/config"
	"taskctl/pkg/logfile"
	"taskctl/pkg/supervisor"
)

// system is a system whose resources are open, so that its components can be started.
type system struct {
	cfg       *config.Config // with the chosen ports instead of port 0
	loaded    *config.Config // as read from the settings
	opts      Options
	startedAt time.Time
	stop      func()          // requests the stop
	kill      <-chan struct{} // closed to request that all components are killed

	terminal   *terminal
	lock       *control.DirLock
	logs       *logfile.Set
	log        *slog.Logger
	sockets    *sockets
	supervisor *supervisor.Supervisor
	reporter   *reporter
	pending    *pendingComponents
	position   *consumerPosition
	prober     *prober
	api        *client.Client
	usage      usage
	binary     binary
	watches    fileWatches

	reloaded   atomic.Pointer[config.Config] // the settings as last read, whose components and hooks run
	settingsAt atomic.Pointer[time.Time]     // when the settings were read
	roundTrip  atomic.Pointer[control.RoundTrip]
	readyAfter atomic.Int64 // nanoseconds from the start until all are ready; 0: not ready yet
	stopBegan  atomic.Pointer[time.Time]
	receipt    control.Receipt // valid once finished is closed
	finished   chan struct{}
}

// run supervises the components until ctx ends or the system cannot continue, and then
// stops them.
func (s *system) run(ctx context.Context) error {
	s.log.Info("starting", "pid", os.Getpid(), "dir", s.cfg.Dir, "mode", s.mode(), "version", s.opts.Version)
	var group lifecycle.Group
	group.Add(context.WithoutCancel(ctx), s.supervise) // the group stops it when another function has returned
	group.Add(ctx, s.watchLock)
	group.Add(context.WithoutCancel(ctx), s.watchdog)
	group.Add(ctx, s.reloadOnHangup)
	group.Add(ctx, s.startAndWait)
	return group.Run()
}

// supervise runs the components until ctx ends, and then stops them in reverse order.
func (s *system) supervise(ctx context.Context) error {
	runCtx, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	unregister := context.AfterFunc(ctx, func() { // before the components are stopped
		now := time.Now()
		s.stopBegan.Store(&now)
		s.notifyStopping()
		s.logs.StopBlocking()
		stop()
	})
	defer unregister()
	stopWatching, err := s.watches.begin(runCtx, s.cfg)
	defer stopWatching()
	if err != nil {
		return err
	}
	go func() {
		select {
		case <-s.kill:
			s.supervisor.KillNow()
		case <-s.finished:
		}
	}()
	return s.supervisor.Run(runCtx)
}

// watchLock ends the system when its data directory is removed.
func (s *system) watchLock(ctx context.Context) error {
	err := s.lock.Watch(ctx)
	if err != nil {
		s.log.Error("everything is stopped", "error", err)
	}
	return err
}

// startAndWait brings the system up and then waits for the stop request.
func (s *system) startAndWait(ctx context.Context) error {
	if err := s.bringUp(ctx); err != nil {
		s.log.Error("the start failed", "error", err)
		return err
	}
	<-ctx.Done()
	s.log.Info("stopping")
	return nil
}

// pendingTimeout is how long the start waits for the user's own components. They may be
// slow, and our own components serve already.
const pendingTimeout = 5 * time.Second

// bringUp waits until our own components are ready, checks with the test task that they
// work together, waits for the user's components up to pendingTimeout, and announces
// the system. It returns nil if the stop is requested meanwhile.
func (s *system) bringUp(ctx context.Context) error {
	select {
	case <-s.supervisor.Started():
	case <-s.supervisor.StartFailed():
		return s.startError()
	case <-ctx.Done():
		return nil
	}
	if s.testsItself() {
		trip, err := s.testTask(ctx)
		if err != nil {
			return lifecycle.UnlessCancelled(ctx, err)
		}
		s.roundTrip.Store(trip)
	}
	select {
	case <-s.pending.none:
	case <-time.After(pendingTimeout): // the announcement names those that are not ready
	case <-ctx.Done():
		return nil
	}
	took := time.Since(s.startedAt)
	s.readyAfter.Store(int64(took))
	s.log.Info("ready", "took", took.Round(time.Millisecond))
	s.announce(ctx)
	s.notifyReady()
	s.reporter.begin()
	if s.opts.Detached != nil {
		s.terminal.flush()
		if err := s.opts.Detached(); err != nil {
			return err
		}
	}
	if !s.opts.InProcess {
		if err := dropStartCode(); err != nil {
			s.log.Info("the code that only the start needs stays in memory", "error", err)
		}
	}
	return nil
}

// testsItself reports whether the test task is created. It passes through all our
// components, so all of them must run on this machine.
func (s *system) testsItself() bool {
	return s.wantsTestTask() && s.cfg.Runs(config.WSServer) && s.cfg.Runs(config.API) && s.cfg.Runs(config.Consumer)
}

// wantsTestTask reports whether the test task is enabled.
func (s *system) wantsTestTask() bool { return !s.opts.NoTestTask && s.cfg.Start.TestTask }

// changed handles a component's new status.
func (s *system) changed(now supervisor.Status) {
	_ = s.prober.closeIdle() // a component that stops waits until its clients have disconnected
	s.pending.changed(now)
	s.reporter.changed(now)
	s.notifyChange()
}

// waitingFor returns the components that wait until the given one is ready.
func (s *system) waitingFor(component string) []string {
	var names []string
	for _, c := range s.supervisor.Status() {
		if slices.Contains(c.WaitsFor, component) {
			names = append(names, c.Name)
		}
	}
	return names
}

// startError returns why the start failed: the component, the reason, and its last
// lines.
func (s *system) startError() error {
	err := s.supervisor.StartError()
	var failed *supervisor.StartError
	if !errors.As(err, &failed) {
		return err
	}
	lines := make([]string, len(failed.Lines))
	for i, line := range failed.Lines {
		lines[i] = logfile.Printable(line)
	}
	return &NotReadyError{
		Component: failed.Component, Exit: failed.Exit, LastLines: lines,
		LogFile: s.cfg.LogDir() + "/" + failed.Component + ".log",
	}
}

// finish prints the receipt, gives it to a `stop` that waits on the control socket, and
// returns the result of the run: runErr, or else the error of the receipt.
func (s *system) finish(runErr error) error {
	r := control.Receipt{Endings: s.supervisor.Receipt()}
	if began := s.stopBegan.Load(); began != nil {
		r.Took = time.Since(*began)
	}
	if s.opts.JSON {
		s.printJSON(r.Report())
	} else {
		s.terminal.print(s.opts.Stdout, "\n"+r.Render(s.opts.Lang, s.opts.Palette))
	}
	s.log.Info("stopped", "took", r.Took.Round(time.Millisecond), "killed", r.Killed(), "left", r.Left())
	s.receipt = r
	close(s.finished)
	outcome := r.Err()
	if runErr != nil && errors.Is(outcome, control.ErrKilled) {
		outcome = nil // the failure matters more
	}
	return errors.Join(outcome, runErr)
}
