package eventlog_test

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"taskctl/pkg/eventlog"
	"taskctl/pkg/eventlog/eventlogtest"
	"taskctl/pkg/task"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// sink checks that what it gets is a stream.
type sink struct {
	t *testing.T

	mu     sync.Mutex
	at     task.Position
	got    int
	resets []task.GoneReason
}

func (s *sink) Reset(head task.Position, reason task.GoneReason) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.at = head
	s.resets = append(s.resets, reason)
}

func (s *sink) Append(events []task.Event) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.resets) == 0 {
		s.t.Error("events before the first Reset")
	}
	for _, e := range events {
		if e.Seq != s.at.Seq+1 {
			s.t.Errorf("event %d after %d", e.Seq, s.at.Seq)
		}
		s.at.Seq = e.Seq
		s.got++
	}
}

func (s *sink) position() task.Position {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.at
}

// follow runs a Follower in a bubble of fake time.
func follow(t *testing.T, test func(log *eventlogtest.Log, pipe *eventlogtest.Pipe, s *sink)) {
	synctest.Test(t, func(t *testing.T) {
		log, pipe, s := eventlogtest.NewLog("e1"), new(eventlogtest.Pipe), &sink{t: t}
		log.Add(10)
		f := eventlog.New(eventlog.Config{}, eventlog.Deps{Log: log, Subscriber: pipe, Sink: s, Logger: slog.New(slog.DiscardHandler)})
		ctx, cancel := context.WithCancel(t.Context())
		var running sync.WaitGroup
		running.Go(func() {
			if err := f.Run(ctx); err != nil {
				t.Error(err)
			}
		})
		synctest.Wait()
		test(log, pipe, s)
		cancel()
		running.Wait()
	})
}

func (s *sink) want(seq uint64) {
	s.t.Helper()
	if at := s.position(); at.Seq != seq {
		s.t.Errorf("the stream stands at %d; want %d", at.Seq, seq)
	}
}

func TestFollowerBeginsAtTheHead(t *testing.T) {
	follow(t, func(_ *eventlogtest.Log, _ *eventlogtest.Pipe, s *sink) {
		s.want(10)
		if s.got != 0 || len(s.resets) != 1 || s.resets[0] != "" {
			t.Errorf("%d events and resets %q at the beginning", s.got, s.resets)
		}
	})
}

func TestFollowerRepairsFromTheLog(t *testing.T) {
	follow(t, func(log *eventlogtest.Log, pipe *eventlogtest.Pipe, s *sink) {
		events := log.Add(30)
		pipe.Publish("e1", events[:5])
		s.want(15)
		pipe.Publish("e1", events[7:9]) // the log fills the hole, to its end
		s.want(40)
		pipe.Publish("e1", events[3:20])
		s.want(40)

		events = slices.Clone(log.Add(4))
		events[1], events[2] = events[2], events[1]
		pipe.Publish("e1", events)
		s.want(44)
	})
}

func TestFollowerReadsToTheEnd(t *testing.T) {
	follow(t, func(log *eventlogtest.Log, pipe *eventlogtest.Pipe, s *sink) {
		log.Add(5000)
		pipe.Connect(true) // one look
		synctest.Wait()
		s.want(5010)
	})
}

// A broker may run ahead of the log that a receiver can see (a replica).
func TestFollowerWaitsForTheLog(t *testing.T) {
	follow(t, func(log *eventlogtest.Log, pipe *eventlogtest.Pipe, s *sink) {
		pipe.Publish("e1", []task.Event{eventlogtest.Event(12)})
		s.want(10)
		log.Add(2)
		time.Sleep(5 * time.Second)
		synctest.Wait()
		s.want(12)
	})
}

func TestFollowerLooksAtTheLog(t *testing.T) {
	follow(t, func(log *eventlogtest.Log, pipe *eventlogtest.Pipe, s *sink) {
		log.Add(1)
		time.Sleep(4900 * time.Millisecond)
		synctest.Wait()
		s.want(10) // linked and quiet: seldom
		time.Sleep(200 * time.Millisecond)
		synctest.Wait()
		s.want(11)

		log.Add(1)
		pipe.Connect(false) // at once
		synctest.Wait()
		s.want(12)

		log.Add(1)
		time.Sleep(260 * time.Millisecond) // not linked: often
		synctest.Wait()
		s.want(13)

		log.Add(1)
		pipe.Connect(true)
		synctest.Wait()
		s.want(14)
	})
}

func TestFollowerOutlivesAFailingLog(t *testing.T) {
	follow(t, func(log *eventlogtest.Log, pipe *eventlogtest.Pipe, s *sink) {
		log.Fail(task.ErrUnavailable)
		pipe.Publish("e1", log.Add(2)) // needs no log
		s.want(12)
		pipe.Publish("e1", log.Add(3)[1:])
		s.want(12)
		log.Fail(nil)
		time.Sleep(5 * time.Second)
		synctest.Wait()
		s.want(15)
	})
}

// A read that fails is repeated soon, although a publisher is connected: it may have
// been the only notice of an event.
func TestFollowerRetriesAFailedReadSoon(t *testing.T) {
	follow(t, func(log *eventlogtest.Log, pipe *eventlogtest.Pipe, s *sink) {
		log.Fail(errors.New("busy"))
		log.Add(1)
		pipe.Connect(true) // a notice without the event
		synctest.Wait()
		log.Fail(nil)
		time.Sleep(time.Second)
		synctest.Wait()
		if got := s.position().Seq; got != 11 {
			t.Errorf("the follower is at %d a second later; want 11", got)
		}
	})
}

func TestFollowerTellsOfAnotherLog(t *testing.T) {
	follow(t, func(log *eventlogtest.Log, pipe *eventlogtest.Pipe, s *sink) {
		old := log.Add(1)
		log.Restore("e2", 5)
		pipe.Publish("e2", log.Add(1)) // an event of the new epoch
		s.want(6)
		pipe.Publish("e1", old) // from a stale publisher
		s.want(6)
		if at := s.position(); at.Epoch != "e2" {
			t.Errorf("the epoch is %q", at.Epoch)
		}

		log.Restore("e2", 3)
		time.Sleep(5 * time.Second)
		synctest.Wait()
		s.want(3)

		log.Add(10)
		log.Forget(12)
		time.Sleep(5 * time.Second)
		synctest.Wait()
		s.want(13)
		want := []task.GoneReason{"", task.GoneEpoch, task.GoneAhead, task.GoneTooOld}
		if len(s.resets) != len(want) {
			t.Fatalf("resets %q; want %q", s.resets, want)
		}
		for i := range want {
			if s.resets[i] != want[i] {
				t.Errorf("resets %q; want %q", s.resets, want)
			}
		}
	})
}

// brokenSubscriber cannot subscribe at all.
type brokenSubscriber struct{}

func (brokenSubscriber) Subscribe(context.Context, func(string, []task.Event), func()) error {
	return errors.New("no such exchange")
}

func TestFollowerReturnsTheSubscribersError(t *testing.T) {
	f := eventlog.New(eventlog.Config{}, eventlog.Deps{Log: eventlogtest.NewLog("e1"), Subscriber: brokenSubscriber{}, Sink: &sink{t: t}, Logger: slog.New(slog.DiscardHandler)})
	if err := f.Run(t.Context()); err == nil || err.Error() != "subscribe: no such exchange" {
		t.Errorf("Run returned %v", err)
	}
}

func TestFollowerStopsWhileTheLogIsAway(t *testing.T) {
	log := eventlogtest.NewLog("e1")
	log.Fail(task.ErrUnavailable)
	f := eventlog.New(eventlog.Config{}, eventlog.Deps{Log: log, Sink: &sink{t: t}, Logger: slog.New(slog.DiscardHandler)})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := f.Run(ctx); err != nil {
		t.Error(err)
	}
}

// FuzzFollower publishes in any order, with losses and repeats, and expects the
// stream to come to the end of the log without a gap.
func FuzzFollower(f *testing.F) {
	f.Add(uint64(1))
	f.Add(uint64(2))
	f.Fuzz(func(t *testing.T, seed uint64) {
		follow(t, func(log *eventlogtest.Log, pipe *eventlogtest.Pipe, s *sink) {
			r := rand.New(rand.NewPCG(seed, 0))
			var all []task.Event
			for range 40 {
				all = append(all, log.Add(1+r.IntN(5))...)
				from := r.IntN(len(all))
				pipe.Publish("e1", all[from:from+r.IntN(len(all)-from+1)])
				if r.IntN(8) == 0 {
					pipe.Connect(r.IntN(2) == 0)
				}
			}
			time.Sleep(6 * time.Second)
			synctest.Wait()
			s.want(uint64(10 + len(all)))
			if s.got != len(all) {
				t.Errorf("%d events applied; want %d", s.got, len(all))
			}
		})
	})
}
