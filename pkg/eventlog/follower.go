package eventlog

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"taskctl/pkg/task"
)

// readLimit is the number of events of one read.
const readLimit = 1024

// Sink receives the stream. Its methods are called one at a time.
type Sink interface {
	// Reset says that the stream continues after head. It is called first, with an
	// empty reason, and again whenever the log cannot be read from the position of the
	// stream: because the log has another epoch (a restored backup), ends before that
	// position, or begins after it.
	Reset(head task.Position, reason task.GoneReason)

	// Append passes the next events, without gaps. The sink may keep but not change
	// them.
	Append(events []task.Event)
}

// Connector is an optional interface of a task.Subscriber that knows whether a
// publisher is connected. While none is, the follower reads the log far more often.
type Connector interface {
	Connected() bool
}

// Config is the configuration of a Follower. Zero values mean the defaults.
type Config struct {
	// Interval is the time between reads of the log while a publisher is connected, in
	// case a notice is lost. 5 s.
	Interval time.Duration
	// AloneInterval is the same while no publisher is connected, and so the longest
	// delay of an event of another process. 250 ms.
	AloneInterval time.Duration
}

// Follower merges live batches with the log.
type Follower struct {
	config Config
	log    task.Log
	sub    task.Subscriber // nil: the log alone
	sink   Sink
	logger *slog.Logger
	check  chan struct{} // holds one value while a read of the log is due

	mu     sync.Mutex // guards the fields below and calls of sink
	pos    task.Position
	failed bool // the last read failed, and the failure was logged
}

// Deps are the dependencies of a Follower. All but Subscriber must be set.
type Deps struct {
	Log        task.Log
	Subscriber task.Subscriber // nil: the log alone
	Sink       Sink            // gets the stream
	Logger     *slog.Logger
}

// New wires a Follower; it starts in Run.
func New(config Config, deps Deps) *Follower {
	if config.Interval <= 0 {
		config.Interval = 5 * time.Second
	}
	if config.AloneInterval <= 0 {
		config.AloneInterval = 250 * time.Millisecond
	}
	return &Follower{
		config: config, log: deps.Log, sub: deps.Subscriber, sink: deps.Sink, logger: deps.Logger,
		check: make(chan struct{}, 1),
	}
}

// Run follows the log from its head until ctx ends, and then returns nil. Its only
// error is that of the Subscriber, because a failed read of the log is retried.
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

// begin finds the head of the log, and returns false if ctx ends first.
func (f *Follower) begin(ctx context.Context) bool {
	for {
		_, head, err := f.log.Bounds(ctx)
		if err == nil {
			f.mu.Lock()
			defer f.mu.Unlock()
			f.reset(head, "")
			return true
		}
		f.reportFailure(ctx, err)
		if !f.pause(ctx, f.config.AloneInterval) {
			return false
		}
	}
}

func (f *Follower) interval() time.Duration {
	if f.sub == nil || f.lastFailed() {
		return f.config.AloneInterval
	}
	if c, ok := f.sub.(Connector); ok && !c.Connected() {
		return f.config.AloneInterval
	}
	return f.config.Interval
}

// lastFailed reports whether the last read of the log failed.
func (f *Follower) lastFailed() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.failed
}

// pause waits for a call of wake, at most d, and returns false if ctx has ended.
func (f *Follower) pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-f.check:
	case <-ctx.Done():
	}
	return ctx.Err() == nil
}

// wake makes Run read the log. It never blocks.
func (f *Follower) wake() {
	select {
	case f.check <- struct{}{}:
	default:
	}
}

func (f *Follower) deliver(ctx context.Context, epoch string, events []task.Event) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if epoch != f.pos.Epoch {
		f.catchUp(ctx) // a read of the log shows which of the two epochs is stale
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
			return // the log does not have the missing events yet; a later read finds them
		}
	}
}

// catchUp reads up to the end of the log. f.mu is held.
func (f *Follower) catchUp(ctx context.Context) {
	for ctx.Err() == nil {
		events, head, err := f.log.Read(ctx, f.pos, readLimit)
		if gone, is := GoneOf(err); is {
			f.logger.Warn("the event log cannot be followed from here",
				"reason", string(gone.Reason), "position", f.pos.String(), "head", gone.Head.String())
			f.reset(gone.Head, gone.Reason)
			return
		}
		if err != nil {
			f.reportFailure(ctx, err)
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

// reportFailure logs the first of several failures in a row.
func (f *Follower) reportFailure(ctx context.Context, err error) {
	if f.failed || ctx.Err() != nil {
		return
	}
	f.failed = true
	f.logger.Warn("reading the event log", "error", err)
}
