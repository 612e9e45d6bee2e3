package hooks

import (
	"context"
	"errors"
	"iter"
	"log/slog"
	"os"
	"time"

	"taskctl/pkg/backoff"
	"taskctl/pkg/checkpoint"
	"taskctl/pkg/client"
	"taskctl/pkg/task"
	"taskctl/pkg/wait"
)

const (
	queueSize         = 256         // notifications read ahead, so that pings are answered meanwhile
	maxReconnectDelay = time.Second // to the notification server
	minAttemptDelay   = 500 * time.Millisecond
	maxAttemptDelay   = 5 * time.Minute
	minRestartDelay   = time.Second // after a fault of the hook's own files
	maxRestartDelay   = 30 * time.Second
	logEvery          = 10 // of the failed attempts for one event, one in ten is logged
)

// worker is one hook. It has a subscription of its own, so it waits for no other.
type worker struct {
	hook   Hook
	sender sender
	client *client.Client
	dir    string
	dead   deadLetters
	log    *slog.Logger
	update func(func(*Status))
}

// run delivers until ctx ends. A fault of the hook's own files, a full disk for
// example, does not end the other hooks: it is reported, and the hook starts again.
func (w *worker) run(ctx context.Context) {
	defer w.sender.close()
	restart := backoff.Policy{Min: minRestartDelay, Max: maxRestartDelay}
	for n := 0; ctx.Err() == nil; n++ {
		err := w.session(ctx)
		if ctx.Err() != nil {
			return
		}
		w.log.Error("hook interrupted", "error", err)
		w.update(func(s *Status) { s.State, s.LastError = StateFailed, err.Error() })
		wait.Sleep(ctx, restart.Delay(n))
	}
}

// session opens the checkpoint and delivers what follows it.
func (w *worker) session(ctx context.Context) (err error) {
	file, err := checkpoint.Open(ctx, checkpointPath(w.dir, w.hook.Name), os.O_CREATE)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	state, found, err := file.Load()
	if err != nil {
		return err
	}
	after := state.Position
	queue, stop := client.ReadAhead(ctx, queueSize, func(ctx context.Context) iter.Seq2[client.Notification, error] {
		return w.subscribe(ctx, after, found)
	})
	defer stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case r := <-queue:
			if r.Err != nil {
				return r.Err
			}
			done, err := w.handle(ctx, r.Notification)
			if err != nil {
				return err
			}
			if done != (task.Position{}) && done != state.Position {
				state.Position = done
				if err := file.Save(state); err != nil {
					return err
				}
			}
		}
	}
}

// subscribe continues after the checkpoint; a new hook begins with new events.
func (w *worker) subscribe(ctx context.Context, after task.Position, found bool) iter.Seq2[client.Notification, error] {
	options := client.SubscribeOptions{Types: w.hook.Types, MaxWait: maxReconnectDelay}
	if !found {
		return w.client.Watch(ctx, options)
	}
	return w.client.Subscribe(ctx, after, options)
}

// handle returns the position up to which everything is done; zero: unchanged.
func (w *worker) handle(ctx context.Context, n client.Notification) (done task.Position, err error) {
	switch n := n.(type) {
	case client.Connected:
		w.update(func(s *Status) { s.State, s.LastError = StateReady, "" })
		return n.Position, nil
	case client.Event:
		return n.Position, w.deliver(ctx, newMessage(n))
	case client.Heartbeat:
		return n.Position, nil
	case client.Reset:
		w.log.Error("events are lost to this hook: the log cannot be continued after its position",
			"reason", string(n.Reason), "position", n.Position.String())
		return n.Position, nil
	case client.Disconnected:
		w.update(func(s *Status) { s.State, s.LastError = StateConnecting, n.Err.Error() })
	}
	return task.Position{}, nil
}

// deliver tries a message until it is delivered or a dead letter. An error means that
// it is neither.
func (w *worker) deliver(ctx context.Context, m message) error {
	delays := backoff.Policy{Min: minAttemptDelay, Max: maxAttemptDelay}
	for attempt := 1; ; attempt++ {
		err := w.sender.send(ctx, m)
		switch {
		case err == nil:
			w.update(func(s *Status) {
				s.State, s.Attempts, s.LastError, s.NextAttempt = StateReady, 0, "", nil
				s.Delivered++
			})
			return nil
		case ctx.Err() != nil:
			return ctx.Err()
		case attempt == w.hook.MaxAttempts || permanent(err):
			w.log.Error("event not delivered; it is in the dead-letter file", "id", m.id, "attempts", attempt, "error", err)
			w.update(func(s *Status) { s.State, s.Attempts, s.NextAttempt = StateReady, 0, nil; s.Failures++ })
			return w.dead.add(ctx, Letter{
				ID: m.id, FailedAt: time.Now().UTC(), Attempts: attempt, Error: err.Error(), Event: m.body,
			})
		}
		delay := delays.Delay(attempt - 1)
		var answer *AnswerError
		if errors.As(err, &answer) {
			delay = max(delay, answer.RetryAfter)
		}
		if attempt%logEvery == 1 {
			w.log.Warn("event not delivered yet", "id", m.id, "attempt", attempt, "error", err)
		}
		next := time.Now().Add(delay).UTC()
		w.update(func(s *Status) {
			s.State, s.Attempts, s.LastError, s.NextAttempt = StateRetrying, attempt, err.Error(), &next
			s.Failures++
		})
		if !wait.Sleep(ctx, delay) {
			return ctx.Err()
		}
	}
}
