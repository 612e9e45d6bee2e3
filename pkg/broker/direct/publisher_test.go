package direct

import (
	"bytes"
	"log/slog"
	"slices"
	"testing"

	"github.com/VictoriaMetrics/metrics"

	"github.com/taskctl/taskctl/pkg/task"
)

// flushed is the messages that a flush sends: how many there are of either kind,
// and what the events are in all.
func flushed(t *testing.T, p *Publisher) (messages, looks int, seqs []uint64) {
	t.Helper()
	n, err := p.flush(func(message []byte) error {
		_, events, err := decode(message)
		for _, e := range events {
			seqs = append(seqs, e.Seq)
		}
		if len(events) > 0 {
			messages++
		} else {
			looks++
		}
		return err
	})
	if err != nil || n != len(seqs) {
		t.Fatalf("flush sent %d events and says %d, %v", len(seqs), n, err)
	}
	return messages, looks, seqs
}

func unlinked(t *testing.T) *Publisher {
	t.Helper()
	p, err := NewPublisher(Config{URL: "ws://localhost:1/", TokenFile: "none"}, metrics.NewSet(), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	p.begin()
	if _, looks, _ := flushed(t, p); looks != 1 {
		t.Errorf("%d looks when the link comes up; want 1", looks)
	}
	return p
}

// What was committed by the time of a flush wakes the receiver once.
func TestCommitsShareAMessage(t *testing.T) {
	p := unlinked(t)
	for i := range uint64(5) {
		p.Publish("e1", sequence(2*i+1, 2*i+2))
	}
	messages, looks, seqs := flushed(t, p)
	if want := []uint64{1, 2, 3, 4, 5, 6, 7, 8, 9, 10}; messages != 1 || looks != 0 || !slices.Equal(seqs, want) {
		t.Errorf("%d messages and %d looks with %v", messages, looks, seqs)
	}
}

// The events of a log that was replaced are not sent under the name of the new.
func TestAReplacedLogIsToldOf(t *testing.T) {
	p := unlinked(t)
	p.Publish("e1", sequence(1, 2))
	p.Publish("e2", sequence(7, 8))
	if messages, looks, seqs := flushed(t, p); messages != 1 || looks != 1 || !slices.Equal(seqs, []uint64{7, 8}) {
		t.Errorf("%d messages and %d looks with %v", messages, looks, seqs)
	}
}

// A receiver that was sent more than the queue holds is told to look at the log,
// although no event follows.
func TestWhatIsDroppedIsToldOf(t *testing.T) {
	p := unlinked(t)
	p.Publish("e1", sequence(1, 2))
	if _, looks, _ := flushed(t, p); looks != 0 {
		t.Errorf("%d looks when nothing was dropped; want 0", looks)
	}
	big := event(3)
	big.Task = bytes.Repeat([]byte("x"), 100_000)
	for range 200 {
		p.Publish("e1", []task.Event{big})
	}
	if _, looks, _ := flushed(t, p); looks != 1 {
		t.Errorf("%d looks after an overflow; want 1", looks)
	}
}

func TestPublishNeverBlocks(t *testing.T) {
	p, err := NewPublisher(Config{URL: "ws://localhost:1/", TokenFile: "none"}, metrics.NewSet(), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	p.up.Store(true) // linked, to a receiver that takes nothing
	big := event(1)
	big.Task = bytes.Repeat([]byte("x"), 100_000)
	for range 1000 {
		p.Publish("e1", []task.Event{big})
	}
	if p.queue.size > maxQueued || p.dropped.Get() == 0 {
		t.Errorf("%d bytes queued and %d events dropped; want at most %d, and the rest dropped", p.queue.size, p.dropped.Get(), maxQueued)
	}
}
