package eventlog

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/taskctl/taskctl/pkg/task"
)

// readLimit is how many events one look asks of the log at a time.
const readLimit = 1024

// Sink takes the stream. Its methods are called one at a time.
type Sink interface {
	// Reset says that the stream goes on after head, whatever came before. It is
	// called once with an empty reason before anything else, and again whenever
	// the log cannot be followed from where the stream stood: its epoch is
	// another one (a restored backup), it ends before, or it begins after.
	Reset(head task.Position, reason task.GoneReason)

	// Append hands over the events that follow, dense. They may be kept, and
	// must not be changed.
	Append(events []task.Event)
}

// Connector is what a task.Subscriber also is when it knows whether a publisher
// is there. While none is, the follower looks at the log far more often.
type Connector interface {
	Connected() bool
}

// Config is the data of a Follower. Zero values mean the defaults.
type Config struct {
	// Quiet is the time between looks at the log while a publisher is connected:
	// the safety net under the net. 5 s.
	Quiet time.Duration
	// Alone is the same while no publisher is connected: what another process
	// has committed is seen this late at most. 250 ms.
	Alone time.Duration
}

// Follower merges live batches with the log.
type Follower struct {
	config Config
	log    task.Log
	sub    task.Subscriber // nil: the log alone
	sink   Sink
	logger *slog.Logger
	look   chan struct{}

	mu     sync.Mutex // guards the rest, and calls of sink
	pos    task.Position
	failed bool // the log did not answer the last time; said once
}

// New returns a Follower that feeds sink. sub may be nil.
func New(config Config, log task.Log, sub task.Subscriber, sink Sink, logger *slog.Logger) *Follower {
	if config.Quiet <= 0 {
		config.Quiet = 5 * time.Second
	}
	if config.Alone <= 0 {
		config.Alone = 250 * time.Millisecond
	}
	return &Follower{
		config: config, log: log, sub: sub, sink: sink, logger: logger,
		look: make(chan struct{}, 1),
	}
}

// Run follows from the head of the log until ctx ends, and then returns nil. An
// error is the Subscriber's: a log that does not answer is asked again.
func (f *Follower) Run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	if !f.begin(ctx) {
		return nil
	}
	var subscription error
	var wg sync.WaitGroup
	if f.sub != nil {
		wg.Go(func() {
			deliver := func(epoch string, events []task.Event) { f.deliver(ctx, epoch, events) }
			if err := f.sub.Subscribe(ctx, deliver, f.wake); err != nil && ctx.Err() == nil {
				subscription = fmt.Errorf("subscribe: %w", err)
				cancel()
			}
		})
	}
	for f.pause(ctx, f.interval()) {
		f.mu.Lock()
		f.catchUp(ctx)
		f.mu.Unlock()
	}
	wg.Wait()
	return subscription
}

// begin finds the head of the log, and reports false when ctx ended first.
func (f *Follower) begin(ctx context.Context) bool {
	for {
		_, head, err := f.log.Bounds(ctx)
		if err == nil {
			f.mu.Lock()
			defer f.mu.Unlock()
			f.reset(head, "")
			return true
		}
		f.complain(ctx, err)
		if !f.pause(ctx, f.config.Alone) {
			return false
		}
	}
}

func (f *Follower) interval() time.Duration {
	if f.sub == nil {
		return f.config.Alone
	}
	if c, ok := f.sub.(Connector); ok && !c.Connected() {
		return f.config.Alone
	}
	return f.config.Quiet
}

// pause waits for a call of wake, at most d, and reports whether to go on.
func (f *Follower) pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-f.look:
	case <-ctx.Done():
	}
	return ctx.Err() == nil
}

// wake has the log looked at soon. It never blocks.
func (f *Follower) wake() {
	select {
	case f.look <- struct{}{}:
	default:
	}
}

func (f *Follower) deliver(ctx context.Context, epoch string, events []task.Event) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if epoch != f.pos.Epoch {
		f.catchUp(ctx) // the log knows which of the two epochs is the stale one
		if epoch != f.pos.Epoch {
			return
		}
	}
	for len(events) > 0 {
		var next []task.Event
		if next, events = Cut(f.pos.Seq, events); len(next) > 0 {
			f.advance(next)
			continue
		}
		if len(events) == 0 {
			return
		}
		before := f.pos
		if f.catchUp(ctx); f.pos == before {
			return // the log does not have them yet: a later look will find them there
		}
	}
}

// catchUp brings the stream to the end of the log. f.mu is held.
func (f *Follower) catchUp(ctx context.Context) {
	for ctx.Err() == nil {
		events, head, err := f.log.Read(ctx, f.pos, readLimit)
		var gone *task.GoneError
		if errors.As(err, &gone) {
			f.logger.Warn("the event log cannot be followed from here",
				"reason", string(gone.Reason), "position", f.pos.String(), "head", gone.Head.String())
			f.reset(gone.Head, gone.Reason)
			return
		}
		if err != nil {
			f.complain(ctx, err)
			return
		}
		f.failed = false
		next, _ := Cut(f.pos.Seq, events)
		if len(next) == 0 {
			return
		}
		if f.advance(next); f.pos.Seq >= head.Seq {
			return
		}
	}
}

func (f *Follower) reset(head task.Position, reason task.GoneReason) {
	f.pos = head
	f.sink.Reset(head, reason)
}

func (f *Follower) advance(events []task.Event) {
	f.pos.Seq = events[len(events)-1].Seq
	f.sink.Append(events)
}

// complain reports the first failure of a row; the log is asked again anyway.
func (f *Follower) complain(ctx context.Context, err error) {
	if f.failed || ctx.Err() != nil {
		return
	}
	f.failed = true
	f.logger.Warn("reading the event log", "error", err)
}
