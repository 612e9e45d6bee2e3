package client

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"net/url"
	"strings"
	"time"

	"taskctl/pkg/backoff"
	"taskctl/pkg/eventlog"
	"taskctl/pkg/task"
	"taskctl/pkg/wait"
)

const (
	minWait     = 250 * time.Millisecond
	defaultWait = 15 * time.Second
	maxTold     = 5 * time.Minute // the longest wait a server may ask for
	steady      = 5 * time.Second // after a connection that lasted this long, the waits start small again
)

// ErrHole means that the server has skipped an event. The subscription reconnects and
// requests it.
var ErrHole = errors.New("the server left out an event")

var errReplaced = errors.New("the server's event log was replaced by another")

// SubscribeOptions select events and set the waits between attempts. The zero value
// selects every event, with waits of up to 15 s.
type SubscribeOptions struct {
	Types  []task.EventType // only these; empty: all
	TaskID string           // only this task's; empty: every task's

	// MaxWait limits the wait between two attempts, which is random and grows from
	// 250 ms; 0: 15 s. If the server asks for a certain wait, that is used.
	MaxWait time.Duration
}

// Subscribe yields the events after a position and then new ones, each once and in
// order, until ctx ends. It reconnects by itself. A bare seq means the server's current
// log, 0 its beginning.
//
// It ends without an error when ctx ends, and with an error if the server refuses it: a
// *CloseError, or a *Problem with the reason.
//
// It runs in the caller's loop and starts no goroutine. If the loop's body is slow, the
// server sends more slowly to this client only. If it blocks for more than half a
// minute, the server may close the connection, and the stream resumes afterwards.
func (c *Client) Subscribe(ctx context.Context, from task.Position, o SubscribeOptions) iter.Seq2[Notification, error] {
	return func(yield func(Notification, error) bool) {
		s := subscription{client: c, options: o, at: from, placed: true, yield: yield}
		s.run(ctx)
	}
}

// Watch is Subscribe from the moment of the first connection.
func (c *Client) Watch(ctx context.Context, o SubscribeOptions) iter.Seq2[Notification, error] {
	return func(yield func(Notification, error) bool) {
		s := subscription{client: c, options: o, yield: yield}
		s.run(ctx)
	}
}

// subscription is one loop over Subscribe. Its only state in the stream is one
// position.
type subscription struct {
	client  *Client
	options SubscribeOptions
	at      task.Position
	placed  bool // at is valid: false until the first welcome of a Watch
	yield   func(Notification, error) bool
	ended   bool // the caller has ended the loop
	turned  bool // the welcome has refused to resume, and the reset has not arrived yet
	failed  int  // failed attempts since the last steady connection
}

func (s *subscription) run(ctx context.Context) {
	for ctx.Err() == nil {
		began := time.Now()
		before := s.at
		err := s.connection(ctx)
		if s.ended || ctx.Err() != nil {
			return
		}
		if final(err) {
			s.yield(nil, err)
			return
		}
		if s.at != before || time.Since(began) >= steady {
			s.failed = 0
		}
		delay := s.wait(err)
		s.failed++
		if !s.tell(Disconnected{Err: err, Wait: delay, Attempt: s.failed}) || !wait.Sleep(ctx, delay) {
			return
		}
	}
}

// tell yields n and reports whether the loop continues.
func (s *subscription) tell(n Notification) bool {
	s.ended = s.ended || !s.yield(n, nil)
	return !s.ended
}

// wait is the pause before the next attempt: the one that the server asked for, or a
// random one that grows. It also grows if the server keeps asking for none.
func (s *subscription) wait(err error) time.Duration {
	var closed *CloseError
	var refused *Problem
	told := time.Duration(0)
	switch {
	case errors.As(err, &closed) && closed.RetryAfter >= 0:
		told = min(closed.RetryAfter, maxTold)
		if s.failed == 0 {
			return told
		}
	case errors.As(err, &refused):
		told = min(refused.RetryAfter, maxTold)
	}
	longest := s.options.MaxWait
	if longest <= 0 {
		longest = defaultWait
	}
	return max(told, backoff.Policy{Min: min(minWait, longest), Max: longest}.Delay(s.failed))
}

// final reports whether reconnecting is useless.
func final(err error) bool {
	var closed *CloseError
	var refused *Problem
	switch {
	case errors.As(err, &closed):
		return closed.Code == closePolicy
	case errors.As(err, &refused):
		return refused.Status >= 400 && refused.Status < 500 && !refused.temporary() && refused.Status != 408
	}
	return false
}

// query is the query of the WebSocket URL.
func (s *subscription) query() url.Values {
	q := url.Values{}
	if s.placed {
		q.Set("since", s.at.String())
	}
	if len(s.options.Types) > 0 {
		names := make([]string, len(s.options.Types))
		for i, t := range s.options.Types {
			names[i] = string(t)
		}
		q.Set("types", strings.Join(names, ","))
	}
	if s.options.TaskID != "" {
		q.Set("task", s.options.TaskID)
	}
	return q
}

func (s *subscription) filtered() bool {
	return len(s.options.Types) > 0 || s.options.TaskID != ""
}

// take applies one message to the position and yields it. An error ends the connection;
// the next connection requests the missing events.
func (s *subscription) take(epoch string, f frame, raw []byte) error {
	switch f.Type {
	case typeReset:
		if f.Reason == task.GoneEpoch && !s.turned {
			// The log was replaced during the connection. A reset does not name the new
			// epoch, but the next welcome does, with a reset of its own.
			return errReplaced
		}
		s.turned = false
		s.at = task.Position{Epoch: epoch, Seq: f.Seq}
		s.tell(Reset{Reason: f.Reason, Position: s.at, Raw: raw})
		return nil
	case typeHeartbeat:
		if f.Seq <= s.at.Seq {
			return nil
		}
		if !s.filtered() || epoch != s.at.Epoch {
			return fmt.Errorf("%w: it is at %d, and %d was the last to arrive", ErrHole, f.Seq, s.at.Seq)
		}
		s.at.Seq = f.Seq
		s.tell(Heartbeat{Position: s.at})
		return nil
	}
	if !task.EventType(f.Type).Valid() {
		return nil
	}
	prev := f.Seq - 1
	if s.filtered() && f.Prev != nil {
		prev = *f.Prev
	}
	if epoch != s.at.Epoch {
		return fmt.Errorf("%w: %d is of another log, and no reset came before it", ErrHole, f.Seq)
	}
	switch eventlog.Classify(s.at.Seq, prev, f.Seq) {
	case eventlog.Duplicate:
		return nil
	case eventlog.Gap:
		return fmt.Errorf("%w: %d came after %d", ErrHole, f.Seq, s.at.Seq)
	}
	s.at.Seq = f.Seq
	s.tell(f.event(s.at, raw))
	return nil
}

// welcome sets the position from the welcome of a connection.
func (s *subscription) welcome(f frame, raw []byte) error {
	s.turned = s.placed && !f.Resumed
	switch {
	case !s.placed:
		s.at, s.placed = task.Position{Epoch: f.Epoch, Seq: f.Seq}, true
	case f.Resumed && s.at.Epoch == "":
		s.at.Epoch = f.Epoch
	case f.Resumed && s.at.Epoch != f.Epoch:
		return fmt.Errorf("resumed in the log %s, asked for %s", f.Epoch, s.at.Epoch)
	}
	s.tell(Connected{Position: s.at, Clients: f.Clients, Resumed: f.Resumed, Message: f.Message, Raw: raw})
	return nil
}
