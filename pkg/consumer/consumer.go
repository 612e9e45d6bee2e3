// Package consumer is the terminal consumer: it connects to the notification
// server, prints a line for each event the moment it is there, and resumes by
// itself. With a checkpoint it goes on after a restart where it was; with an
// output file every event's line stands in the file exactly once, also after a
// kill -9; with a command it runs that for each event, at least once, in order.
//
// It is not for programs: those use package client.
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

	"github.com/taskctl/taskctl/pkg/client"
	"github.com/taskctl/taskctl/pkg/message"
	"github.com/taskctl/taskctl/pkg/task"
)

const (
	maxWait   = time.Second // between attempts: whoever starts the parts by hand is watching
	queueSize = 256         // notifications read ahead; what waits here forms a batch
	maxBatch  = 64 << 10    // bytes of lines written in one piece
)

// Config says what to do with the events. The zero value prints them for people,
// from now on.
type Config struct {
	// JSON prints messages as received instead of lines for people. In both, a
	// reset is a line too: it stands where events are missing.
	JSON bool
	// Output is a file that gets the lines instead of Stdout, each exactly once.
	// Its checkpoint is Checkpoint, or Output + ".checkpoint" where that is empty.
	// Where it is moved away, deleted or emptied meanwhile, the lines that follow
	// stand in the file that is at the path then, which is made if there is none.
	Output string
	// Checkpoint is a file that remembers the last event that is done with.
	Checkpoint string
	// Since is where to begin; nil: at the checkpoint, or else with what happens
	// from now on. It beats a checkpoint, except one that a run with the same
	// Since left: that run is continued, not repeated.
	Since *task.Position
	// Exec is a command line for the shell, run once per event with the event as
	// received on its standard input. It runs after the event's line is out and
	// before the checkpoint, so a killed consumer runs it again: at least once, in
	// order. A command that fails is run again, up to execAttempts times with
	// growing pauses; then Run ends with the error and the event is not done.
	Exec string
}

// Deps are what a consumer works with. All but Seen must be set.
type Deps struct {
	Client *client.Client
	Stdout io.Writer // lines of events, unless there is an Output; of commands too
	Stderr io.Writer // messages for people
	Lang   message.Lang
	// Seen is told the position of an event once its line is out, and all before.
	Seen   func(task.Position)
	Logger *slog.Logger
}

// Consumer is one terminal consumer.
type Consumer struct {
	cfg   Config
	deps  Deps
	voice voice
	ready chan struct{}

	welcomed sync.Once
}

// New checks the configuration; it opens and connects to nothing.
func New(cfg Config, deps Deps) (*Consumer, error) {
	switch {
	case deps.Client == nil || deps.Stdout == nil || deps.Stderr == nil || deps.Logger == nil:
		return nil, errors.New("consumer needs a client, its streams and a logger")
	case cfg.Output != "" && cfg.Output == cfg.Checkpoint:
		return nil, errors.New("output and checkpoint must be two files")
	}
	if cfg.Output != "" && cfg.Checkpoint == "" {
		cfg.Checkpoint = cfg.Output + ".checkpoint"
	}
	if deps.Seen == nil {
		deps.Seen = func(task.Position) {}
	}
	return &Consumer{
		cfg:   cfg,
		deps:  deps,
		voice: voice{out: deps.Stderr, lang: deps.Lang, url: deps.Client.WebSocketURL()},
		ready: make(chan struct{}),
	}, nil
}

// Ready is closed at the first welcome.
func (c *Consumer) Ready() <-chan struct{} { return c.ready }

// Run consumes until ctx ends, and then returns nil with everything that was
// printed written down. It may be called once.
func (c *Consumer) Run(ctx context.Context) (err error) {
	j, err := openJournal(ctx, c.cfg, c.deps, &c.voice)
	if err != nil {
		return err
	}
	defer func() {
		if errors.Is(err, errNotTaken) { // these events are not done, and that is all
			err = nil
		}
		err = errors.Join(err, j.close())
	}()
	c.voice.connecting()

	// The reader has a goroutine of its own, so that pings are answered while a
	// command runs, and so that what has arrived meanwhile can be seen and batched.
	ctx, cancel := context.WithCancel(ctx)
	queue := make(chan received, queueSize)
	var reader sync.WaitGroup
	notifications := c.subscribe(ctx, j)
	reader.Go(func() { read(ctx, notifications, queue) })
	defer reader.Wait()
	defer cancel()

	for {
		select {
		case <-ctx.Done():
			return j.flush()
		case r := <-queue:
			if r.err != nil {
				return errors.Join(&SubscribeError{URL: c.voice.url, Err: r.err}, j.flush())
			}
			if err := c.handle(ctx, j, r.n); err != nil {
				if ctx.Err() != nil {
					return nil // a command was cut short: its event is not done
				}
				return err
			}
			if len(queue) > 0 && len(j.lines) < maxBatch {
				continue
			}
			if err := j.flush(); err != nil {
				return err
			}
		}
	}
}

// SubscribeError says that the notification server will not have this consumer.
type SubscribeError struct {
	URL string
	Err error // a *client.Problem where it refused the handshake
}

func (e *SubscribeError) Error() string { return fmt.Sprintf("subscribe at %s: %v", e.URL, e.Err) }

func (e *SubscribeError) Unwrap() error { return e.Err }

// received is what the reader hands over: a notification, or its last error.
type received struct {
	n   client.Notification
	err error
}

func (c *Consumer) subscribe(ctx context.Context, j *journal) iter.Seq2[client.Notification, error] {
	options := client.SubscribeOptions{MaxWait: maxWait}
	if !j.placed {
		return c.deps.Client.Watch(ctx, options)
	}
	return c.deps.Client.Subscribe(ctx, j.state.Position, options)
}

func read(ctx context.Context, notifications iter.Seq2[client.Notification, error], queue chan<- received) {
	for n, err := range notifications {
		select {
		case queue <- received{n, err}:
		case <-ctx.Done():
			return
		}
	}
}

func (c *Consumer) handle(ctx context.Context, j *journal, n client.Notification) error {
	switch n := n.(type) {
	case client.Connected:
		c.voice.connected(n)
		c.deps.Logger.Debug("connected", "position", n.Position, "clients", n.Clients, "resumed", n.Resumed)
		j.move(n.Position)
		if err := j.flush(); err != nil {
			return err
		}
		c.welcomed.Do(func() { close(c.ready) })
	case client.Event:
		if c.cfg.JSON {
			j.lines = appendRaw(j.lines, n.Raw)
		} else {
			j.lines = appendEvent(j.lines, c.deps.Lang, n)
		}
		j.event(n.Position)
		if c.cfg.Exec != "" {
			return c.command(ctx, j, n)
		}
		j.move(n.Position)
	case client.Reset:
		if c.cfg.JSON {
			j.lines = appendRaw(j.lines, n.Raw)
		} else {
			j.lines = appendReset(j.lines, c.deps.Lang, n)
		}
		c.deps.Logger.Warn("reset", "reason", string(n.Reason), "position", n.Position)
		j.move(n.Position)
	case client.Disconnected:
		c.voice.disconnected(n)
		c.deps.Logger.Debug("disconnected", "cause", n.Err, "attempt", n.Attempt, "wait", n.Wait)
	}
	return nil
}
