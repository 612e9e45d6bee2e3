package notice

import (
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	"sync/atomic"

	"taskctl/pkg/task"
	"taskctl/pkg/wait"
)

// Subscriber listens on a connection of its own, and makes its caller read the log when
// another node reports new events. Make it with NewSubscriber.
type Subscriber struct {
	cfg    Config
	ignore string
	logger *slog.Logger
	up     atomic.Bool
}

var _ task.Subscriber = (*Subscriber)(nil)

// NewSubscriber wires a subscriber; it connects in Subscribe. ignore is the Node of a
// Publisher whose events reach this process directly; empty: none.
func NewSubscriber(cfg Config, ignore string, logger *slog.Logger) *Subscriber {
	return &Subscriber{cfg: cfg, ignore: ignore, logger: logger}
}

// Connected reports whether notices arrive now.
func (s *Subscriber) Connected() bool { return s.up.Load() }

// Subscribe implements task.Subscriber. It delivers no events: it calls missed when
// another node reports some, and when the connection is opened or lost.
func (s *Subscriber) Subscribe(ctx context.Context, _ func(string, []task.Event), missed func()) error {
	lastLogged := ""
	for failures := 0; ; failures++ {
		listened, err := s.listen(ctx, missed)
		s.up.Store(false)
		if ctx.Err() != nil {
			return nil
		}
		missed()
		if listened {
			lastLogged, failures = "", 0
		}
		if text := err.Error(); text != lastLogged {
			lastLogged = text
			s.logger.Warn("notifications do not arrive", "cause", text)
		}
		if !wait.Sleep(ctx, betweenAttempts().Delay(failures)) {
			return nil
		}
	}
}

// ErrNotDelivered means that the server accepts payloads but does not deliver them.
var ErrNotDelivered = errors.New("the broker accepts notifications and does not deliver them; its user needs the rights to publish and to subscribe, and a PostgreSQL pooler must keep the session")

// subscription is one connection.
type subscription struct {
	Receiver
	system, ignore string
	missed         func()
}

// listen receives on one connection until it breaks or ctx ends, and reports whether it
// had connected.
func (s *Subscriber) listen(ctx context.Context, missed func()) (listened bool, err error) {
	opening, cancel := context.WithTimeout(ctx, connectTimeout)
	defer cancel()
	system, err := s.cfg.System(opening)
	if err != nil {
		return false, err
	}
	receiver, err := s.cfg.Broker.Receiver(opening)
	if err != nil {
		return false, err
	}
	defer receiver.Close()
	sub := &subscription{receiver, system, s.ignore, missed}
	if err := sub.probe(ctx); err != nil {
		return false, err
	}
	s.up.Store(true)
	missed() // for commits before the connection
	for {
		if err := sub.next(ctx); err != nil {
			return true, err
		}
	}
}

// Check connects to a server, and waits for a payload that it sends itself.
func Check(ctx context.Context, b Broker) error {
	receiver, err := b.Receiver(ctx)
	if err != nil {
		return err
	}
	defer receiver.Close()
	sub := &subscription{Receiver: receiver, system: rand.Text(), missed: func() {}}
	return sub.probe(ctx)
}

// next waits for a notice. If none arrives within maxSilence, it checks that payloads
// still arrive, because a flushed server may have forgotten its receivers, and a dead
// one is silent.
func (s *subscription) next(ctx context.Context) error {
	waiting, cancel := context.WithTimeout(ctx, maxSilence)
	defer cancel()
	payload, err := s.Receive(waiting)
	switch {
	case err == nil:
		s.take(payload)
		return nil
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.Is(err, context.DeadlineExceeded):
		return s.probe(ctx)
	}
	return err
}

// probe sends a payload and waits until it arrives.
func (s *subscription) probe(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, probeTimeout)
	defer cancel()
	sent := notice{system: s.system, node: rand.Text()}.String()
	if err := s.Send(ctx, sent); err != nil {
		return err
	}
	for {
		payload, err := s.Receive(ctx)
		switch {
		case errors.Is(err, context.DeadlineExceeded):
			return ErrNotDelivered
		case err != nil:
			return err
		case payload == sent:
			return nil
		}
		s.take(payload)
	}
}

// take handles a payload. It ignores those of other systems and of this process.
func (s *subscription) take(payload string) {
	if n, ok := parse(payload); ok && n.system == s.system && n.node != s.ignore {
		s.missed()
	}
}
