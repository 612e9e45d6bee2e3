// Package consumer is the terminal consumer: it connects to the notification
// server, prints a line for each event as it arrives, and resumes by itself. With
// a checkpoint it continues after a restart where it was; with an output file
// every event's line is in the file exactly once, also after a kill -9; with a
// command it runs the command for each event, at least once, in order.
//
// Programs use package client instead.
package consumer

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"log/slog"
	"sync"
	"time"

	"taskctl/pkg/client"
	"taskctl/pkg/message"
	"taskctl/pkg/task"
)

const (
	maxReconnectDelay = time.Second // between attempts: a person who starts the components by hand is waiting
	queueSize         = 256         // notifications read ahead; those that wait form a batch
	maxBatch          = 64 << 10    // bytes of lines written in one call
)

// Config says what to do with the events. The zero value prints new events for
// people.
type Config struct {
	// JSON prints messages as received instead of lines for people. In both forms
	// a reset has a line, at the place where events are missing.
	JSON bool
	// Output is a file that gets the lines instead of Stdout, each exactly once.
	// Its checkpoint is Checkpoint, by default Output + ".checkpoint". If the file
	// is moved, deleted or emptied, new lines go to the file that is then at the
	// path, which is created if necessary.
	Output string
	// Checkpoint is a file that records the last event that is done.
	Checkpoint string
	// Since is where to start; nil: at the checkpoint, or else with new events. It
	// overrides a checkpoint, unless a run with the same Since left it: that run is
	// continued, not repeated.
	Since *task.Position
	// Exec is a command line for the shell, run once per event with the event as
	// received on its standard input. It runs after the event's line is written and
	// before the checkpoint is saved, so a killed consumer runs it again: at least
	// once, in order. A command that fails is run again, up to MaxAttempts times
	// with growing pauses; then Run ends with the error and the event is not done.
	Exec string
	// ExecEnv is the environment of Exec; nil: that of this process.
	ExecEnv []string
	// MaxAttempts is how often Exec is run for one event; 0: without a limit.
	MaxAttempts int
	// Types and TaskID select events; empty: all.
	Types  []task.EventType
	TaskID string
	// Protected are files that Output and Checkpoint must not be.
	Protected Protected
}

// Deps are the dependencies of a consumer. All but Seen must be set.
type Deps struct {
	Client *client.Client
	Stdout io.Writer // lines of events, unless there is an Output; of commands too
	Stderr io.Writer // messages for people
	Lang   message.Lang
	// Seen is called with the position of an event after its line, and all before
	// it, are written.
	Seen   func(task.Position)
	Logger *slog.Logger
}

// Consumer is one terminal consumer.
type Consumer struct {
	cfg      Config
	deps     Deps
	reporter reporter
	ready    chan struct{}

	readyOnce sync.Once
}

// New checks the configuration. It opens no file and no connection.
func New(cfg Config, deps Deps) (*Consumer, error) {
	switch {
	case deps.Client == nil || deps.Stdout == nil || deps.Stderr == nil || deps.Logger == nil:
		return nil, errors.New("consumer needs a client, its streams and a logger")
	}
	if cfg.Output != "" && cfg.Checkpoint == "" {
		cfg.Checkpoint = cfg.Output + ".checkpoint"
	}
	if deps.Seen == nil {
		deps.Seen = func(task.Position) {}
	}
	return &Consumer{
		cfg:      cfg,
		deps:     deps,
		reporter: reporter{out: deps.Stderr, lang: deps.Lang, url: deps.Client.WebSocketURL()},
		ready:    make(chan struct{}),
	}, nil
}

// Ready is closed when the first connection is established.
func (c *Consumer) Ready() <-chan struct{} { return c.ready }

// Run consumes until ctx ends, and then flushes and returns nil. It may be called
// once.
func (c *Consumer) Run(ctx context.Context) (err error) {
	o, err := openOutput(ctx, c.cfg, c.deps, &c.reporter)
	if err != nil {
		return err
	}
	defer func() {
		if errors.Is(err, errNotRead) { // the reader has closed the output, which is not an error
			err = nil
		}
		err = errors.Join(err, o.close())
	}()
	c.reporter.connecting()

	// Events that arrive while a command runs form a batch.
	queue, stop := client.ReadAhead(ctx, queueSize, func(ctx context.Context) iter.Seq2[client.Notification, error] {
		return c.subscribe(ctx, o)
	})
	defer stop()

	for {
		select {
		case <-ctx.Done():
			return o.flush()
		case r := <-queue:
			if r.Err != nil {
				return errors.Join(&SubscribeError{URL: c.reporter.url, Err: r.Err}, o.flush())
			}
			if err := c.handle(ctx, o, r.Notification); err != nil {
				if ctx.Err() != nil {
					return nil // a command was interrupted: its event is not done
				}
				return err
			}
			if len(queue) > 0 && len(o.lines) < maxBatch {
				continue
			}
			if err := o.flush(); err != nil {
				return err
			}
		}
	}
}

// SubscribeError reports that the notification server refuses this consumer.
type SubscribeError struct {
	URL string
	Err error // a *client.Problem if it refused the handshake
}

func (e *SubscribeError) Error() string { return fmt.Sprintf("subscribe at %s: %v", e.URL, e.Err) }

func (e *SubscribeError) Unwrap() error { return e.Err }

func (c *Consumer) subscribe(ctx context.Context, o *output) iter.Seq2[client.Notification, error] {
	options := client.SubscribeOptions{Types: c.cfg.Types, TaskID: c.cfg.TaskID, MaxWait: maxReconnectDelay}
	if !o.positioned {
		return c.deps.Client.Watch(ctx, options)
	}
	return c.deps.Client.Subscribe(ctx, o.state.Position, options)
}

func (c *Consumer) handle(ctx context.Context, o *output, n client.Notification) error {
	switch n := n.(type) {
	case client.Connected:
		c.reporter.connected(n)
		c.deps.Logger.Debug("connected", "position", n.Position, "clients", n.Clients, "resumed", n.Resumed)
		o.done(n.Position)
		if err := o.flush(); err != nil {
			return err
		}
		c.readyOnce.Do(func() { close(c.ready) })
	case client.Event:
		if c.cfg.JSON {
			o.lines = appendRaw(o.lines, n.Raw)
		} else {
			o.lines = appendEvent(o.lines, c.deps.Lang, n)
		}
		o.event(n.Position)
		if c.cfg.Exec != "" {
			return c.command(ctx, o, n)
		}
		o.done(n.Position)
	case client.Heartbeat: // of a filtered subscription: nothing selected happened up to here
		o.done(n.Position)
	case client.Reset:
		if c.cfg.JSON {
			o.lines = appendRaw(o.lines, n.Raw)
		} else {
			o.lines = appendReset(o.lines, c.deps.Lang, n)
		}
		c.deps.Logger.Warn("reset", "reason", string(n.Reason), "position", n.Position)
		o.done(n.Position)
	case client.Disconnected:
		c.reporter.disconnected(n)
		c.deps.Logger.Debug("disconnected", "cause", n.Err, "attempt", n.Attempt, "wait", n.Wait)
	}
	return nil
}
