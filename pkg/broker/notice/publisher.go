package notice

import (
	"context"
	"crypto/rand"
	"log/slog"
	"sync"
	"sync/atomic"

	"github.com/VictoriaMetrics/metrics"

	"taskctl/pkg/task"
	"taskctl/pkg/wait"
)

// Publisher sends one notice for each batch. Batches that are committed while a notice
// is being sent share the next one. Only one position waits, so Publish never blocks
// and needs no queue. Make it with NewPublisher.
type Publisher struct {
	cfg     Config
	node    string
	logger  *slog.Logger
	up      atomic.Bool
	sent    *metrics.Counter
	dropped *metrics.Counter

	mu      sync.Mutex
	pending task.Position // zero: none
	more    chan struct{} // holds a token while pending is to be sent
}

var _ task.Publisher = (*Publisher)(nil)

// NewPublisher wires a publisher; it connects in Run.
func NewPublisher(cfg Config, set *metrics.Set, logger *slog.Logger) *Publisher {
	p := &Publisher{
		cfg: cfg, node: rand.Text(), logger: logger, more: make(chan struct{}, 1),
		sent:    set.NewCounter("taskctl_link_events_sent_total"),
		dropped: set.NewCounter("taskctl_link_events_dropped_total"),
	}
	set.NewGauge("taskctl_link_up", func() float64 {
		if p.Connected() {
			return 1
		}
		return 0
	})
	return p
}

// Connected reports whether notices are sent now.
func (p *Publisher) Connected() bool { return p.up.Load() }

// Node names this publisher in its notices.
func (p *Publisher) Node() string { return p.node }

// Publish implements task.Publisher. Without a connection the notice is dropped:
// receivers find the events in the log.
func (p *Publisher) Publish(epoch string, events []task.Event) {
	if !p.up.Load() {
		p.dropped.Add(len(events))
		return
	}
	p.mu.Lock()
	p.pending = task.Position{Epoch: epoch, Seq: events[len(events)-1].Seq}
	p.mu.Unlock()
	p.sent.Add(len(events))
	select {
	case p.more <- struct{}{}:
	default:
	}
}

// Notify makes all receivers read the log. It is for a process that writes once.
func Notify(ctx context.Context, c Config) error {
	ctx, cancel := context.WithTimeout(ctx, connectTimeout)
	defer cancel()
	system, err := c.System(ctx)
	if err != nil {
		return err
	}
	sender, err := c.Broker.Sender(ctx)
	if err != nil {
		return err
	}
	defer sender.Close()
	return sender.Send(ctx, notice{system: system, node: rand.Text()}.String())
}

func (p *Publisher) take() task.Position {
	p.mu.Lock()
	defer p.mu.Unlock()
	at := p.pending
	p.pending = task.Position{}
	return at
}

// Run sends notices until ctx ends, then the pending one, and returns nil.
func (p *Publisher) Run(ctx context.Context) error {
	lastLogged := ""
	for failures := 0; ; failures++ {
		connected, err := p.serve(ctx)
		if ctx.Err() != nil {
			return nil
		}
		if connected {
			lastLogged, failures = "", 0
		}
		if text := err.Error(); text != lastLogged {
			lastLogged = text
			p.logger.Warn("notifications are not sent", "cause", text)
		}
		if !wait.Sleep(ctx, betweenAttempts().Delay(failures)) {
			return nil
		}
	}
}

// serve sends on one connection until it breaks or ctx ends. connected is false if it
// could not connect.
func (p *Publisher) serve(ctx context.Context) (connected bool, err error) {
	sender, system, err := p.open(ctx)
	if err != nil {
		return false, err
	}
	defer sender.Close()
	p.take() // pending from before is not needed: the first notice makes receivers read the log
	p.up.Store(true)
	defer p.up.Store(false)
	if err := p.send(sender, notice{system: system, node: p.node}); err != nil {
		return true, err
	}
	for {
		if at := p.take(); !at.IsZero() {
			if err := p.send(sender, notice{system, p.node, at}); err != nil {
				return true, err
			}
			continue
		}
		if ctx.Err() != nil {
			return true, nil
		}
		if err := p.idle(ctx, sender); err != nil {
			return true, err
		}
	}
}

func (p *Publisher) open(ctx context.Context) (sender Sender, system string, err error) {
	ctx, cancel := context.WithTimeout(ctx, connectTimeout)
	defer cancel()
	if system, err = p.cfg.System(ctx); err != nil {
		return nil, "", err
	}
	sender, err = p.cfg.Broker.Sender(ctx)
	return sender, system, err
}

// send has a timeout of its own, so that it works while the publisher stops.
func (p *Publisher) send(sender Sender, n notice) error {
	ctx, cancel := context.WithTimeout(context.Background(), sendTimeout)
	defer cancel()
	return sender.Send(ctx, n.String())
}

// idle waits until there is a notice to send or ctx ends. It returns an error as soon
// as the connection ends, which would otherwise be noticed only at the next batch.
func (p *Publisher) idle(ctx context.Context, sender Sender) error {
	waiting, cancel := context.WithCancel(ctx)
	var watching sync.WaitGroup
	watching.Go(func() {
		select {
		case <-p.more:
			cancel()
		case <-waiting.Done():
		}
	})
	err := sender.Wait(waiting)
	cancel()
	watching.Wait()
	return err
}
