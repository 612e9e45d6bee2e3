// Package launcher is taskctl's main job: settings in, a supervised system out.
// It binds the sockets, starts the components in order, proves with a test task
// that they work together, answers on a control socket, and takes everything
// down in reverse. Read Run first; it is the whole story.
package launcher

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/oklog/run"

	"github.com/taskctl/taskctl/pkg/client"
	"github.com/taskctl/taskctl/pkg/config"
	"github.com/taskctl/taskctl/pkg/listen"
	"github.com/taskctl/taskctl/pkg/logfile"
	"github.com/taskctl/taskctl/pkg/message"
	"github.com/taskctl/taskctl/pkg/screen"
	"github.com/taskctl/taskctl/pkg/supervisor"
)

// ledgerFile records the processes that run, for the start after a crash.
const ledgerFile = "run.json"

// Options are what a launcher works with besides the settings.
type Options struct {
	InProcess  bool
	NoTestTask bool
	Detached   func() error     // called once ready, where the launcher lives on without a terminal; else nil
	Passed     *listen.Passed   // sockets that whoever started this process has bound
	ChildDied  <-chan os.Signal // as process 1: SIGCHLD, upon which orphans are reaped; else nil
	Executable string           // what to run as a child: see Executable
	Version    string
	Stdout     io.Writer      // the screen and the receipt
	Stderr     io.Writer      // messages while it runs
	Palette    screen.Palette // of Stdout
	ErrPalette screen.Palette // of Stderr
	Lang       message.Lang
	Getenv     func(string) string
}

// Launcher is one system, from its start to its end.
type Launcher struct {
	cfg   *config.Config
	opts  Options
	began time.Time

	// Opened by Run, in this order.
	terminal   *terminal
	hold       *hold
	logs       *logfile.Set
	log        *slog.Logger
	sockets    *sockets
	live       *config.Config // cfg with the addresses that port 0 became
	report     *reporter
	supervisor *supervisor.Supervisor
	http       *http.Client // for health checks
	api        *client.Client

	late     *latecomers
	seen     *seenPosition
	usage    usage
	stop     chan struct{}
	stopOnce sync.Once
	settled  chan struct{} // closed when receipt is there
	receipt  Receipt

	running   atomic.Pointer[supervisor.Supervisor] // the same, for Kill
	stopping  atomic.Bool
	roundTrip atomic.Pointer[RoundTrip]
	readyTook atomic.Int64 // nanoseconds from the start to all ready; 0 before
}

// Executable is what a launcher runs as its children: this very program, even
// where its file has been deleted meanwhile, as `go run` does.
func Executable() (string, error) {
	if runtime.GOOS == "linux" {
		return "/proc/self/exe", nil
	}
	return os.Executable()
}

// New wires a launcher; nothing is opened or started before Run.
func New(cfg *config.Config, opts Options) (*Launcher, error) {
	if opts.Executable == "" && !opts.InProcess {
		return nil, errors.New("launcher: an executable is required")
	}
	return &Launcher{
		cfg: cfg, opts: opts, began: time.Now(), late: newLatecomers(cfg.Components), seen: newSeenPosition(),
		stop: make(chan struct{}), settled: make(chan struct{}),
	}, nil
}

// Stop asks for what the first Ctrl+C asks for.
func (l *Launcher) Stop() { l.stopOnce.Do(func() { close(l.stop) }) }

// Kill ends whatever still runs at once, for the user's second Ctrl+C.
func (l *Launcher) Kill() {
	if s := l.running.Load(); s != nil {
		s.KillNow()
	}
}

// Run brings the system up, watches over it until ctx ends or Stop is called,
// and takes it down. It returns nil when it was asked to stop and everything
// did; ErrKilled or ErrLeft when something did not. Any other error is why the
// system could not start or go on, and then too everything has been taken down.
func (l *Launcher) Run(ctx context.Context) (err error) {
	var opened closers
	defer func() { err = errors.Join(err, opened.closeAll()) }()
	l.terminal = newTerminal(l.opts.Lang)
	opened.add("the terminal", l.terminal.close)
	if err := l.open(ctx, &opened); err != nil {
		return unlessAsked(ctx, err)
	}
	l.log.Info("starting", "pid", os.Getpid(), "dir", l.cfg.Dir, "mode", l.mode(), "version", l.opts.Version)

	var group run.Group
	var ends actorErrors
	// The supervisor's own context outlives ctx: it ends when the stop begins,
	// and the orderly stop then happens inside Run.
	supervised, beginStop := context.WithCancel(context.WithoutCancel(ctx))
	defer beginStop()
	var stopBegan time.Time
	group.Add(func() error {
		l.running.Store(l.supervisor)
		return ends.keep(l.supervisor.Run(supervised))
	}, func(error) {
		stopBegan = time.Now()
		l.stopping.Store(true)
		l.logs.Hurry()
		beginStop()
	})
	if l.opts.ChildDied != nil {
		reaping, stop := context.WithCancel(context.WithoutCancel(ctx))
		defer stop()
		group.Add(func() error { return ends.keep(l.supervisor.ReapOrphans(reaping, l.opts.ChildDied)) }, func(error) { stop() })
	}
	holding, letGo := context.WithCancel(context.WithoutCancel(ctx))
	defer letGo()
	group.Add(func() error {
		err := l.hold.watch(holding)
		if err != nil {
			l.log.Error("everything is stopped", "error", err)
		}
		return ends.keep(err)
	}, func(error) { letGo() })
	conducting, cancel := context.WithCancel(ctx)
	defer cancel()
	var startErr error
	group.Add(func() error {
		startErr = l.conduct(conducting)
		return nil
	}, func(error) { cancel() })

	_ = group.Run() // the error of the first actor, of which all are kept
	return l.settle(time.Since(stopBegan), startErr, ends.joined())
}

// actorErrors keeps how every actor of the launcher's group ended, not the first
// alone: one that fails while the others stop would go unheard.
type actorErrors struct {
	mu  sync.Mutex
	all []error
}

func (a *actorErrors) keep(err error) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.all = append(a.all, err)
	return err
}

func (a *actorErrors) joined() error { return errors.Join(a.all...) }

// unlessAsked drops the error of a beginning that was cut short because ctx has
// ended: to stop was asked for, and is done.
func unlessAsked(ctx context.Context, err error) error {
	if ctx.Err() != nil && errors.Is(err, ctx.Err()) {
		return nil
	}
	return err
}

// conduct brings the system up and then waits for the wish to stop.
func (l *Launcher) conduct(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() {
		select {
		case <-l.stop:
			cancel()
		case <-ctx.Done():
		}
	}()
	if err := l.bringUp(ctx); err != nil {
		l.log.Error("the start failed", "error", err)
		return err
	}
	<-ctx.Done()
	l.log.Info("stopping")
	return nil
}
