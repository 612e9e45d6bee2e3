package client

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"net/url"
	"strings"
	"time"

	"github.com/taskctl/taskctl/pkg/eventlog"
	"github.com/taskctl/taskctl/pkg/task"
)

const (
	minWait     = 250 * time.Millisecond
	defaultWait = 15 * time.Second
	maxTold     = 5 * time.Minute // the longest wait a server may ask for
	steady      = 5 * time.Second // a connection that lasted this long was a good one
)

// ErrHole says that the server left an event out. The subscription reconnects and
// asks for it.
var ErrHole = errors.New("the server left out an event")

var errReplaced = errors.New("the server's event log was replaced by another")

// SubscribeOptions narrow a subscription and time its attempts. The zero value is
// every event, with waits of up to 15 s.
type SubscribeOptions struct {
	Types  []task.EventType // only these; empty: all
	TaskID string           // only this task's; empty: every task's

	// MaxWait bounds the wait between two attempts, which is random and grows from
	// 250 ms; 0: 15 s. A server that says when to come back is obeyed.
	MaxWait time.Duration
}

// Subscribe yields what happened after a position and then what happens, each
// event once and in order, for as long as ctx lives and whatever becomes of the
// connection. A bare seq means the server's current log, 0 its beginning.
//
// It ends without an error when ctx ends, and with one when the server will not
// have it: a *CloseError, or a *Problem for what is wrong with the request.
//
// It runs in the caller's loop and starts no goroutine: a body that is slow makes
// the server slow down for this client alone, and a body that blocks for longer
// than half a minute may be cut off, after which the stream resumes.
func (c *Client) Subscribe(ctx context.Context, from task.Position, o SubscribeOptions) iter.Seq2[Notification, error] {
	return func(yield func(Notification, error) bool) {
		s := subscription{client: c, options: o, at: from, placed: true, yield: yield}
		s.run(ctx)
	}
}

// Watch is Subscribe from the moment the first connection stands.
func (c *Client) Watch(ctx context.Context, o SubscribeOptions) iter.Seq2[Notification, error] {
	return func(yield func(Notification, error) bool) {
		s := subscription{client: c, options: o, yield: yield}
		s.run(ctx)
	}
}

// subscription is one loop over Subscribe. Its whole memory of the stream is one
// position (invariant I4).
type subscription struct {
	client  *Client
	options SubscribeOptions
	at      task.Position
	placed  bool // at is meant: false until the first welcome of a Watch
	yield   func(Notification, error) bool
	ended   bool // yield has said that no more is wanted
	turned  bool // the welcome refused to resume, and no reset has said why yet
	failed  int  // attempts since there was a good connection
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
		wait := s.wait(err)
		s.failed++
		if !s.tell(Disconnected{Err: err, Wait: wait, Attempt: s.failed}) || !sleep(ctx, wait) {
			return
		}
	}
}

// tell yields n and reports whether more is wanted.
func (s *subscription) tell(n Notification) bool {
	s.ended = s.ended || !s.yield(n, nil)
	return !s.ended
}

// wait is the pause before the next attempt: what the server said, or a random
// one that grows. A server that keeps saying "at once" is not taken at its word.
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
	return max(told, backoff{min: min(minWait, longest), max: longest}.wait(s.failed))
}

// final reports whether coming back cannot help.
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

// query is the part of the WebSocket's URL that says what is wanted.
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

// take applies one message to the position and yields what it says. An error
// ends the connection; the next one asks for what this one did not bring.
func (s *subscription) take(epoch string, f frame, raw []byte) error {
	switch f.Type {
	case typeReset:
		if f.Reason == task.GoneEpoch && !s.turned {
			// The log was replaced under the connection, and a reset does not name
			// the new one: the next welcome does, with a reset of its own.
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
	switch eventlog.Judge(s.at.Seq, prev, f.Seq) {
	case eventlog.Duplicate:
		return nil
	case eventlog.Hole:
		return fmt.Errorf("%w: %d came after %d", ErrHole, f.Seq, s.at.Seq)
	}
	s.at.Seq = f.Seq
	s.tell(f.event(s.at, raw))
	return nil
}

// welcome places the subscription in the log that the connection serves.
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
