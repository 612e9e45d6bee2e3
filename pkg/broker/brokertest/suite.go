// Package brokertest is the suite that every broker must pass: although a broker may
// lose, repeat and reorder events, or only send notices of them, a receiver that also
// reads the log gets each event once, in order and soon.
package brokertest

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"time"

	"taskctl/pkg/eventlog"
	"taskctl/pkg/eventlog/eventlogtest"
	"taskctl/pkg/task"
	"taskctl/pkg/wait/waittest"
)

// Broker holds the two ends of one broker.
type Broker struct {
	Publisher  task.Publisher
	Subscriber task.Subscriber
}

// Run runs the suite. open returns a running broker, whose ends find each other
// by themselves, and cleans it up with t.
func Run(t *testing.T, open func(t *testing.T) Broker) {
	t.Run("publishing without a subscriber does not block", func(t *testing.T) {
		b := open(t)
		large := eventlogtest.Event(1)
		large.Task = bytes.Repeat([]byte(" "), 60_000)
		began := time.Now()
		for range 2000 {
			b.Publisher.Publish("e1", []task.Event{large})
		}
		if took := time.Since(began); took > waittest.Timeout/3 {
			t.Errorf("publishing took %v", took)
		}
	})
	t.Run("events arrive once, in order and as they are", func(t *testing.T) {
		s := start(t, open(t))
		for range 100 {
			s.publish(s.log.Add(10))
		}
		large := eventlogtest.Event(s.head().Seq + 1)
		large.Task = bytes.Repeat([]byte("x"), 100_000)
		s.log.Append(large)
		s.publish([]task.Event{large})
		s.waitForHead(t)
	})
	t.Run("a publisher's events are not kept", func(t *testing.T) {
		s := start(t, open(t))
		batch := slices.Clone(s.log.Add(2))
		s.publish(batch)
		batch[0], batch[1] = eventlogtest.Event(98), eventlogtest.Event(99) // as the store does, which reuses the slice
		s.waitForHead(t)
	})
	t.Run("events of another log follow a reset", func(t *testing.T) {
		s := start(t, open(t))
		s.log.Restore("e2", 5)
		s.publish(s.log.Add(3))
		s.waitForHead(t)
	})
	t.Run("a subscription ends with its context", func(t *testing.T) {
		b := open(t)
		s := start(t, b)
		if err := s.stop(); err != nil {
			t.Errorf("Subscribe returned %v", err)
		}
		s.publish(s.log.Add(1))
		start(t, b) // a second receiver
	})
}

// system is a log whose events are published, and a receiver that follows it.
type system struct {
	Broker
	log  *eventlogtest.Log
	sink *sink
	stop func() error
}

// start runs a receiver and waits until events reach it. The receiver reads the log by
// itself so rarely that the broker causes everything it gets.
func start(t *testing.T, b Broker) *system {
	t.Helper()
	s := &system{Broker: b, log: eventlogtest.NewLog("e1"), sink: &sink{}}
	rarely := eventlog.Config{Interval: time.Hour, AloneInterval: time.Hour}
	follower := eventlog.New(rarely, eventlog.Deps{Log: s.log, Subscriber: b.Subscriber, Sink: s.sink, Logger: slog.New(slog.DiscardHandler)})
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	done := make(chan struct{})
	var result error
	go func() { defer close(done); result = follower.Run(ctx) }()
	s.stop = func() error { cancel(); <-done; return result }
	t.Cleanup(func() { _ = s.stop() })
	waittest.For(t, "events to arrive", func() bool {
		s.publish(s.log.Add(1))
		return s.sink.position().Seq > 0
	})
	s.waitForHead(t)
	return s
}

func (s *system) publish(events []task.Event) { s.Publisher.Publish(s.log.Epoch(), events) }

func (s *system) head() task.Position {
	_, head, _ := s.log.Bounds(context.Background()) // a log in memory never fails
	return head
}

// waitForHead waits until the receiver is at the end of the log, and compares its
// events with the log.
func (s *system) waitForHead(t *testing.T) {
	t.Helper()
	head := s.head()
	waittest.For(t, "the receiver at "+head.String(), func() bool { return s.sink.position() == head })
	if err := s.sink.compare(s.log); err != nil {
		t.Error(err)
	}
}

// sink records the events of a receiver.
type sink struct {
	mu     sync.Mutex
	fault  error // the first event or reset that violates the contract of a sink
	at     task.Position
	first  uint64 // seq of events[0]
	events []task.Event
}

func (s *sink) Reset(head task.Position, _ task.GoneReason) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.at, s.first, s.events = head, head.Seq+1, nil
}

func (s *sink) Append(events []task.Event) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, e := range events {
		if e.Seq != s.at.Seq+1 && s.fault == nil {
			s.fault = fmt.Errorf("event %d came after %d", e.Seq, s.at.Seq)
		}
		s.at.Seq = e.Seq
		s.events = append(s.events, e)
	}
}

func (s *sink) position() task.Position {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.at
}

// compare compares the received events with the log.
func (s *sink) compare(log *eventlogtest.Log) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fault != nil {
		return s.fault
	}
	want, _, err := log.Read(context.Background(), task.Position{Seq: s.first - 1}, len(s.events))
	if err != nil {
		return err
	}
	if !slices.EqualFunc(want, s.events, same) {
		return fmt.Errorf("the %d events that arrived are not those of the log", len(s.events))
	}
	return nil
}

func same(a, b task.Event) bool {
	return a.Seq == b.Seq && a.Type == b.Type && a.TaskID == b.TaskID && a.Time.Equal(b.Time) && bytes.Equal(a.Task, b.Task)
}
