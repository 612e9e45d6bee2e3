package eventlog_test

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"taskctl/pkg/eventlog"
	"taskctl/pkg/eventlog/eventlogtest"
	"taskctl/pkg/task"
)

// newFanout returns a Fanout that follows the log, and a function that appends to
// the log and tells the follower.
func newFanout(t *testing.T, log *eventlogtest.Log, interval time.Duration) (*eventlog.Fanout, func(n int)) {
	t.Helper()
	fanout := eventlog.NewFanout(log)
	relay := eventlog.NewRelay(nil)
	begun := &begunSink{Fanout: fanout, begun: make(chan struct{})}
	follower := eventlog.New(eventlog.Config{Interval: interval}, eventlog.Deps{Log: log, Subscriber: relay, Sink: begun, Logger: slog.New(slog.DiscardHandler)})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := follower.Run(ctx); err != nil {
			t.Errorf("Run: %v", err)
		}
	}()
	t.Cleanup(func() {
		cancel()
		<-done
	})
	<-begun.begun
	return fanout, func(n int) { relay.Publish(log.Epoch(), log.Add(n)) }
}

// begunSink tells when the follower has begun.
type begunSink struct {
	*eventlog.Fanout
	begun chan struct{}
}

func (s *begunSink) Reset(head task.Position, reason task.GoneReason) {
	s.Fanout.Reset(head, reason)
	if reason == "" {
		close(s.begun)
	}
}

// readUntil reads events from c up to the event last, and checks that they are dense.
func readUntil(t *testing.T, c *eventlog.Cursor, last uint64) {
	t.Helper()
	for c.Position().Seq < last {
		before := c.Position().Seq
		events, changed, err := c.Next(t.Context())
		if err != nil {
			t.Errorf("Next at %s: %v", c.Position(), err)
			return
		}
		for _, e := range events {
			if before++; e.Seq != before {
				t.Errorf("event %d instead of %d", e.Seq, before)
				return
			}
		}
		if len(events) == 0 {
			select {
			case <-changed:
			case <-t.Context().Done():
				t.Errorf("no event after %s", c.Position())
				return
			}
		}
	}
}

// TestFanoutIsDense reads with many cursors from random positions while events arrive.
func TestFanoutIsDense(t *testing.T) {
	log := eventlogtest.NewLog("e")
	log.Add(100)
	fanout, publish := newFanout(t, log, time.Hour)
	const batches, last = 400, 100 + 400*5
	var readers sync.WaitGroup
	for i := range 16 {
		start := task.Position{Epoch: "e", Seq: rand.Uint64N(101)} // any start will do
		if i == 0 {
			start.Seq = 0
		}
		readers.Go(func() { readUntil(t, fanout.Cursor(start), last) })
	}
	for range batches {
		publish(5)
	}
	readers.Wait()
}

// TestFanoutReadsTheLogOnlyWhenItHasTo checks that recent events come from memory.
func TestFanoutReadsTheLogOnlyWhenItHasTo(t *testing.T) {
	log := eventlogtest.NewLog("e")
	fanout, publish := newFanout(t, log, time.Hour)
	c := fanout.Cursor(task.Position{Epoch: "e"})
	publish(1)
	readUntil(t, c, 1)
	before := log.Reads()
	for seq := uint64(2); seq < 50; seq++ {
		publish(1)
		readUntil(t, c, seq)
	}
	if reads := log.Reads() - before; reads != 0 {
		t.Errorf("the log was read %d times", reads)
	}
}

// TestFanoutIsBoundedInBytes keeps large events only up to its limit and reads the
// others from the log.
func TestFanoutIsBoundedInBytes(t *testing.T) {
	log := eventlogtest.NewLog("e")
	fanout := eventlog.NewFanout(log)
	fanout.Reset(task.Position{Epoch: "e"}, "")
	const events = 200
	for seq := uint64(1); seq <= events; seq++ {
		e := task.Event{Seq: seq, Task: make([]byte, 40<<10)}
		log.Append(e)
		fanout.Append([]task.Event{e})
	}
	readUntil(t, fanout.Cursor(task.Position{Epoch: "e"}), events)
	if log.Reads() == 0 {
		t.Error("8 MB of events came from memory")
	}
	before := log.Reads()
	readUntil(t, fanout.Cursor(task.Position{Epoch: "e", Seq: events - 20}), events)
	if log.Reads() != before {
		t.Error("the newest 800 KB of events did not come from memory")
	}
}

// TestFanoutTellsOfAResetOnce for each way in which a log can be replaced.
func TestFanoutTellsOfAResetOnce(t *testing.T) {
	for _, c := range []struct {
		reason task.GoneReason
		change func(log *eventlogtest.Log)
	}{
		{task.GoneEpoch, func(log *eventlogtest.Log) { log.Restore("other", 20) }},
		{task.GoneAhead, func(log *eventlogtest.Log) { log.Restore("e", 3) }},
		{task.GoneTooOld, func(log *eventlogtest.Log) { log.Restore("e", 30) }},
	} {
		t.Run(string(c.reason), func(t *testing.T) {
			log := eventlogtest.NewLog("e")
			log.Add(10)
			fanout, publish := newFanout(t, log, 5*time.Millisecond)
			cursor := fanout.Cursor(task.Position{Epoch: "e"})
			readUntil(t, cursor, 10)
			_, changed, err := cursor.Next(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			c.change(log)
			publish(1)
			<-changed
			var gone *task.GoneError
			for gone == nil {
				events, changed, err := cursor.Next(t.Context())
				if len(events) > 0 {
					t.Fatalf("event %d without a reset", events[0].Seq)
				}
				if err == nil {
					<-changed
				} else if !errors.As(err, &gone) {
					t.Fatal(err)
				}
			}
			if gone.Reason != c.reason || cursor.Position() != gone.Head {
				t.Errorf("reset for %q at %s, and the cursor at %s", gone.Reason, gone.Head, cursor.Position())
			}
			publish(2)
			readUntil(t, cursor, gone.Head.Seq+2)
		})
	}
}

func TestCursorEndsWithItsContext(t *testing.T) {
	log := eventlogtest.NewLog("e")
	log.Add(1)
	fanout, _ := newFanout(t, log, time.Hour)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, _, err := fanout.Cursor(task.Position{Epoch: "other"}).Next(ctx); err == nil {
		t.Error("no error")
	}
}

// TestRelayDropsAndSaysSo fills the queue before anybody subscribes.
func TestRelayDropsAndSaysSo(t *testing.T) {
	const batches = 1000
	var passedOn eventlogtest.Pipe
	count := 0
	ctx, cancel := context.WithCancel(t.Context())
	subscribed, ended := make(chan struct{}), make(chan error, 1)
	go func() {
		ended <- passedOn.Subscribe(ctx, func(string, []task.Event) { count++ }, func() { close(subscribed) })
	}()
	<-subscribed
	relay := eventlog.NewRelay(&passedOn)
	for range batches {
		relay.Publish("e", []task.Event{{Seq: 1}})
	}
	if count != batches {
		t.Errorf("%d of %d batches were passed on", count, batches)
	}
	received := 0
	err := relay.Subscribe(ctx, func(string, []task.Event) { received++ }, cancel)
	if err != nil || ctx.Err() == nil || received == 0 || received == batches {
		t.Errorf("%d of %d batches received, missed was called: %t, error %v", received, batches, ctx.Err() != nil, err)
	}
	if err := <-ended; err != nil {
		t.Error(err)
	}
}
