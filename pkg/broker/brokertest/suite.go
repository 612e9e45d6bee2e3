// Package brokertest is the suite that every broker passes: what receivers may
// count on although a broker may lose, repeat and reorder (invariant I4).
package brokertest

import (
	"bytes"
	"context"
	"sync/atomic"
	"testing"
	"time"

	"github.com/taskctl/taskctl/pkg/eventlog/eventlogtest"
	"github.com/taskctl/taskctl/pkg/task"
)

// patience bounds every wait.
const patience = 20 * time.Second

// Broker is the two ends of one broker.
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
		if took := time.Since(began); took > patience/2 {
			t.Errorf("publishing took %v", took)
		}
	})
	t.Run("batches arrive whole, one at a time and in order", func(t *testing.T) {
		b := open(t)
		s := subscribe(t, b)
		s.link(t, b)
		for first := uint64(2); first < 1000; first += 10 {
			b.Publisher.Publish("e1", events(first, first+9))
		}
		s.want(t, "e1", events(2, 1001))
	})
	t.Run("events arrive as they are", func(t *testing.T) {
		b := open(t)
		s := subscribe(t, b)
		s.link(t, b)
		batch := events(2, 4)
		batch[0].Task = bytes.Repeat([]byte("x"), 100_000)
		batch[1].Seq = task.MaxSeq
		batch[2].TaskID = "x"
		b.Publisher.Publish("another-epoch", batch)
		s.want(t, "another-epoch", batch)
	})
	t.Run("a publisher's events are not changed or kept", func(t *testing.T) {
		b := open(t)
		s := subscribe(t, b)
		s.link(t, b)
		batch := events(2, 2)
		b.Publisher.Publish("e1", batch)
		batch[0] = eventlogtest.Event(99) // the store's slice is its own again
		s.want(t, "e1", events(2, 2))
	})
	t.Run("a subscription ends with its context", func(t *testing.T) {
		b := open(t)
		s := subscribe(t, b)
		s.link(t, b)
		if err := s.stop(); err != nil {
			t.Errorf("Subscribe returned %v", err)
		}
		b.Publisher.Publish("e1", events(2, 2))
		s = subscribe(t, b) // and another one can follow
		s.link(t, b)
	})
}

func events(from, to uint64) []task.Event {
	var all []task.Event
	for seq := from; seq <= to; seq++ {
		all = append(all, eventlogtest.Event(seq))
	}
	return all
}

// subscription collects what arrives.
type subscription struct {
	batches chan batch
	stop    func() error
}

type batch struct {
	epoch  string
	events []task.Event
}

func subscribe(t *testing.T, b Broker) *subscription {
	t.Helper()
	s := &subscription{batches: make(chan batch, 10_000)}
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	done := make(chan struct{})
	var result error
	var inside atomic.Int32
	go func() {
		defer close(done)
		result = b.Subscriber.Subscribe(ctx, func(epoch string, events []task.Event) {
			if inside.Add(1) != 1 {
				t.Error("deliver was called while it was running")
			}
			s.batches <- batch{epoch, events}
			inside.Add(-1)
		}, func() {})
	}()
	s.stop = func() error { cancel(); <-done; return result }
	t.Cleanup(func() { _ = s.stop() })
	return s
}

// link publishes a probe, event 1 of the epoch "probe", until one arrives: from
// then on a broker in peace loses nothing.
func (s *subscription) link(t *testing.T, b Broker) {
	t.Helper()
	deadline := time.After(patience)
	ticker := time.NewTicker(5 * time.Millisecond)
	defer ticker.Stop()
	for {
		b.Publisher.Publish("probe", events(1, 1))
		select {
		case <-s.batches:
			return
		case <-ticker.C:
		case <-deadline:
			t.Fatal("nothing that is published arrives")
		}
	}
}

// want reads exactly these events, however they are batched.
func (s *subscription) want(t *testing.T, epoch string, want []task.Event) {
	t.Helper()
	var got []task.Event
	deadline := time.After(patience)
	for len(got) < len(want) {
		select {
		case b := <-s.batches:
			if b.epoch == "probe" {
				continue
			}
			if b.epoch != epoch {
				t.Fatalf("epoch %q; want %q", b.epoch, epoch)
			}
			got = append(got, b.events...)
		case <-deadline:
			t.Fatalf("%d of %d events have arrived", len(got), len(want))
		}
	}
	for i := range want {
		if !same(want[i], got[i]) {
			t.Errorf("event %d arrived as %+v; want %+v", i, got[i], want[i])
		}
	}
}

func same(a, b task.Event) bool {
	return a.Seq == b.Seq && a.Type == b.Type && a.TaskID == b.TaskID && a.Time.Equal(b.Time) && bytes.Equal(a.Task, b.Task)
}
