// Package components builds and runs taskctl's own components: the API, the
// notification server and the terminal consumer. There is one constructor for
// each, and a component cannot tell from its [Env] whether it runs as a child
// process, as goroutines of the launcher, or by hand in a terminal.
package components

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"time"

	"github.com/lmittmann/tint"

	"taskctl/launcher/lifecycle"
	"taskctl/launcher/ports"
	"taskctl/pkg/message"
	"taskctl/pkg/screen"
	"taskctl/pkg/supervisor/child"
)

// Env is the environment of one component.
type Env struct {
	Handle         *child.Handle // nil by hand
	Stdout, Stderr io.Writer
	Lang           message.Lang
	Version        string
	Getenv         func(string) string
	Environ        []string // the environment that the user's commands inherit
}

// logger writes to the launcher's log files, or by hand warnings to the terminal.
func (e Env) logger(component string) *slog.Logger {
	if e.Handle != nil {
		return FileLogger(e.Stderr)
	}
	colour := screen.PaletteFor(e.Stderr, e.Getenv).On()
	return slog.New(tint.NewTextHandler(e.Stderr, &tint.Options{
		Level:   slog.LevelWarn, // byHand prints the other messages
		NoColor: !colour, TimeFormat: time.TimeOnly,
	})).With("component", component)
}

// FileLogger returns a logger for a stream of a log file, which adds a time to every
// line.
func FileLogger(w io.Writer) *slog.Logger {
	return slog.New(slog.NewTextHandler(w, &slog.HandlerOptions{ReplaceAttr: withoutTime}))
}

func withoutTime(groups []string, a slog.Attr) slog.Attr {
	if len(groups) == 0 && a.Key == slog.TimeKey {
		return slog.Attr{}
	}
	return a
}

// byHand prints a message for the person whose terminal the component runs in;
// under a launcher, the launcher prints the messages.
func (e Env) byHand(text string) {
	if e.Handle == nil {
		fmt.Fprintln(e.Stderr, text)
	}
}

// listeners returns the launcher's sockets, or by hand the component's own.
func (e Env) listeners(ctx context.Context, s ports.Setting) (listeners []net.Listener, addr string, err error) {
	if inherited := e.Handle.Listeners(); inherited != nil {
		return inherited, s.Addr, nil
	}
	set, err := ports.Bind(ctx, s, nil)
	if err != nil {
		return nil, "", err
	}
	for _, warning := range set.Warnings {
		e.byHand(e.Lang.StartWarning(warning))
	}
	return set.Listeners, set.Addr, nil
}

// component is the common interface of all our components.
type component interface {
	Run(ctx context.Context) error
	Ready() <-chan struct{}
}

// runReady runs a component until ctx ends. When the component is ready, runReady
// notifies its launcher and calls ready, which may run until its own context ends.
func runReady(ctx context.Context, env Env, c component, ready func(ctx context.Context)) error {
	var group lifecycle.Group
	group.Add(ctx, c.Run)
	group.Add(context.WithoutCancel(ctx), func(ctx context.Context) error {
		select {
		case <-c.Ready():
		case <-ctx.Done():
			return nil
		}
		env.Handle.Ready()
		ready(ctx)
		<-ctx.Done()
		return nil
	})
	return group.Run()
}
