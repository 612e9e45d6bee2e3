// Package launcher is taskctl's main job: settings in, a supervised system out. It
// binds the sockets, starts the components in order, checks with a test task that they
// work together, answers on a control socket, and stops everything in reverse order.
// Run shows all steps: read it first.
package launcher

import (
	"context"
	"errors"
	"io"
	"os"
	"runtime"
	"sync"
	"time"

	"taskctl/launcher/lifecycle"
	"taskctl/launcher/systemd"
	"taskctl/pkg/config"
	"taskctl/pkg/listen"
	"taskctl/pkg/message"
	"taskctl/pkg/screen"
)

// Options are the inputs of a launcher besides the settings.
type Options struct {
	InProcess  bool
	NoTestTask bool
	Output     bool              // also show the output of the components on Stdout
	JSON       bool              // print the status and the receipt as JSON, one line each
	Detached   func() error      // called when the system is ready; nil: the launcher is not detached
	Inherited  *listen.Inherited // sockets that the parent process has bound
	ChildDied  <-chan os.Signal  // receives SIGCHLD; nil if this process has other children: see supervisor.Options
	Systemd    *systemd.Notifier // nil: not started by systemd as Type=notify
	Executable string            // the program of child processes: see Executable
	Version    string
	Stdout     io.Writer      // the screen and the receipt
	Stderr     io.Writer      // messages while it runs
	Palette    screen.Palette // of Stdout
	ErrPalette screen.Palette // of Stderr
	Lang       message.Lang
	Getenv     func(string) string
	Environ    []string // the environment that components inherit
	// Load reads the settings again, for a reload; nil: they cannot be reloaded.
	Load   func() (*config.Config, error)
	Hangup <-chan os.Signal // each signal requests a reload; nil: none
}

// Launcher is one system, from its start to its end.
type Launcher struct {
	cfg       *config.Config
	opts      Options
	startedAt time.Time

	stop, kill                   func() // may be called any number of times
	stopRequested, killRequested chan struct{}
}

// Executable is the program of a launcher's child processes: this program, even if its
// file has been deleted, as `go run` does.
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
	l := &Launcher{
		cfg: cfg, opts: opts, startedAt: time.Now(),
		stopRequested: make(chan struct{}), killRequested: make(chan struct{}),
	}
	l.stop = sync.OnceFunc(func() { close(l.stopRequested) })
	l.kill = sync.OnceFunc(func() { close(l.killRequested) })
	return l, nil
}

// Stop requests the stop, as the first Ctrl+C does.
func (l *Launcher) Stop() { l.stop() }

// Kill requests the stop and kills all running components at once, as the second Ctrl+C
// does.
func (l *Launcher) Kill() {
	l.kill()
	l.stop()
}

// Run starts the system, supervises it until ctx ends or Stop is called, and stops it.
// After a requested stop it returns nil if everything ended in time, or else
// control.ErrKilled or control.ErrLeft. Any other error says why the system could not
// start or continue; then everything is stopped too.
func (l *Launcher) Run(ctx context.Context) (err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() {
		select {
		case <-l.stopRequested:
			cancel()
		case <-ctx.Done():
		}
	}()
	var opened lifecycle.Closers
	defer func() { err = errors.Join(err, opened.CloseAll()) }()
	s, err := l.open(ctx, &opened)
	if err != nil {
		return lifecycle.UnlessCancelled(ctx, err)
	}
	return s.finish(s.run(ctx))
}
