package launcher

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"github.com/taskctl/taskctl/pkg/client"
	"github.com/taskctl/taskctl/pkg/logfile"
	"github.com/taskctl/taskctl/pkg/supervisor"
)

// sweepGrace is how long what a dead launcher left may take to end by itself.
// Ours need no more than two seconds: their lifeline has told them already.
const sweepGrace = 2 * time.Second

// open takes hold of everything that the system stands on, in order: the
// directory, the logs, the sockets, the control socket. Nothing of it starts a
// component, so a failure here leaves nothing running.
func (l *Launcher) open(ctx context.Context, opened *closers) error {
	hold, err := lock(ctx, l.cfg)
	if err != nil {
		return err
	}
	l.hold = hold
	opened.add("the lock", hold.release)

	died := l.died()
	swept, err := supervisor.Sweep(ctx, l.cfg.Data(ledgerFile), sweepGrace)
	if err != nil {
		return fmt.Errorf("clear what an earlier launcher left: %w", err)
	}

	l.logs, err = logfile.Open(l.cfg.LogDir(), l.cfg.LogOptions())
	if err != nil {
		return err
	}
	opened.add("the logs", l.closeLogs)
	own, err := l.logs.File("launcher")
	if err != nil {
		return err
	}
	l.log = slog.New(slog.NewTextHandler(own.Stream("out"), &slog.HandlerOptions{ReplaceAttr: withoutTime}))
	for _, member := range swept {
		l.log.Warn("cleared what an earlier launcher left", "process", member.String())
		l.terminal.say(l.opts.Stderr, l.opts.Lang.StartSwept(member.String())+"\n")
	}

	if died {
		if err := l.putBack(ctx); err != nil {
			return err
		}
	}

	l.sockets, err = bindAll(ctx, l.cfg, l.opts.Passed)
	if err != nil {
		return err
	}
	opened.add("the sockets", l.sockets.close)
	for _, warning := range l.sockets.warnings() {
		l.terminal.say(l.opts.Stderr, l.opts.Lang.StartWarning(warning)+"\n")
	}
	l.live = l.cfg.At(l.sockets.addr("api"), l.sockets.addr("wsserver"))

	ledger, err := supervisor.OpenLedger(l.cfg.Data(ledgerFile))
	if err != nil {
		return err
	}
	opened.add("the run state", ledger.Close)
	specs, err := l.specs()
	if err != nil {
		return err
	}
	l.report = newReporter(func(text string) { l.terminal.say(l.opts.Stderr, text+"\n") }, l.opts.ErrPalette, l.opts.Lang, l.log)
	l.supervisor, err = supervisor.New(specs, supervisor.Options{
		Logger: l.log, OnChange: l.changed, OnWaiting: l.report.waiting, Ledger: ledger,
	})
	if err != nil {
		return err
	}

	// Connections are kept: a component that has more clients than it lets in is
	// well, and would be killed for it if its health check waited with the others.
	l.http = &http.Client{Transport: &http.Transport{}}
	l.api, err = client.New(client.Config{BaseURL: l.live.APIURL(), WebSocketURL: l.live.WebSocket(), Token: l.cfg.Auth.Token})
	if err != nil {
		return err
	}
	opened.add("the api's client", func() error { l.api.CloseIdleConnections(); return nil })

	control, err := serveControl(l.cfg, l.controlHandler())
	if err != nil {
		return err
	}
	opened.add("the control socket", func() error { return errors.Join(hold.say(leaving), control.close(l.cfg)) })
	return hold.say(here)
}

// withoutTime drops slog's time: every line of a log file has one already.
func withoutTime(groups []string, a slog.Attr) slog.Attr {
	if len(groups) == 0 && a.Key == slog.TimeKey {
		return slog.Attr{}
	}
	return a
}

// changed tells who wants to know of a component's new status.
func (l *Launcher) changed(now supervisor.Status) {
	l.http.CloseIdleConnections() // a component that leaves would wait for us to leave first
	l.late.changed(now)
	l.report.changed(now)
}

// bringUp waits until every component of ours is ready, proves with the test task
// that they work together, waits a while for the user's own, and announces it. It
// returns nil when it was asked to stop meanwhile.
func (l *Launcher) bringUp(ctx context.Context) error {
	select {
	case <-l.supervisor.Started():
	case <-l.supervisor.StartFailed():
		return l.startError()
	case <-ctx.Done():
		return nil
	}
	if !l.opts.NoTestTask {
		trip, err := testTask(ctx, l.cfg, l.api, l.seen)
		if err != nil {
			if ctx.Err() != nil {
				return nil
			}
			return err
		}
		l.roundTrip.Store(trip)
	}
	select {
	case <-l.late.none:
	case <-time.After(patience): // what is ready serves, and the screen shows the rest
	case <-ctx.Done():
		return nil
	}
	l.readyTook.Store(int64(time.Since(l.began)))
	l.log.Info("ready", "took", time.Since(l.began).Round(time.Millisecond))
	l.announce()
	l.report.begin()
	if l.opts.Detached != nil {
		l.terminal.flush()
		return l.opts.Detached()
	}
	return nil
}

// startError turns the supervisor's word on a failed start into what a person
// needs: the component, the reason, its last lines.
func (l *Launcher) startError() error {
	err := l.supervisor.StartError()
	var failed *supervisor.StartError
	if !errors.As(err, &failed) {
		return err
	}
	return &NotReadyError{
		Component: failed.Component, Exit: failed.Exit, LastLines: printable(failed.Lines),
		LogFile: l.cfg.LogDir() + "/" + failed.Component + ".log",
	}
}

func printable(lines []string) []string {
	out := make([]string, len(lines))
	for i, line := range lines {
		out[i] = logfile.Printable(line)
	}
	return out
}
