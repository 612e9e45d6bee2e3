package brokertest

import (
	"bytes"
	"slices"
	"strings"
	"sync"
	"testing"

	"taskctl/pkg/eventlog/eventlogtest"
	"taskctl/pkg/task"
	"taskctl/pkg/wait/waittest"
)

// broken is a publisher that handles each batch wrongly.
type broken struct {
	task.Publisher

	mu      sync.Mutex
	publish func(n int, batch []task.Event, on func([]task.Event)) // nil: it is not broken yet
	n       int                                                    // batches
}

func (b *broken) Publish(epoch string, events []task.Event) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.publish == nil {
		b.Publisher.Publish(epoch, events)
		return
	}
	b.n++
	b.publish(b.n, events, func(batch []task.Event) { b.Publisher.Publish(epoch, batch) })
}

func (b *broken) become(publish func(n int, batch []task.Event, on func([]task.Event))) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.publish = publish
}

// TestRepaired runs publishers that lose, repeat and reorder batches: the receiver
// still gets every event once and in order.
func TestRepaired(t *testing.T) {
	var first, waiting []task.Event
	for name, publish := range map[string]func(n int, batch []task.Event, on func([]task.Event)){
		"it drops every tenth batch": func(n int, batch []task.Event, on func([]task.Event)) {
			if n%10 != 0 {
				on(batch)
			}
		},
		"it sends every batch three times": func(_ int, batch []task.Event, on func([]task.Event)) {
			on(batch)
			on(batch)
			on(batch)
		},
		"it repeats the first batch after every other": func(_ int, batch []task.Event, on func([]task.Event)) {
			if first == nil {
				first = slices.Clone(batch)
			}
			on(batch)
			on(first)
		},
		"two batches cross": func(n int, batch []task.Event, on func([]task.Event)) {
			if n%2 == 1 {
				waiting = slices.Clone(batch)
				return
			}
			on(batch)
			on(waiting)
		},
	} {
		t.Run(name, func(t *testing.T) {
			pipe := new(eventlogtest.Pipe)
			publisher := &broken{Publisher: pipe}
			s := start(t, Broker{Publisher: publisher, Subscriber: pipe})
			publisher.become(publish)
			for range 100 {
				s.publish(s.log.Add(3))
			}
			// The last batch may be one of those that are lost: with the next one the
			// receiver sees the hole.
			waittest.For(t, "the receiver at the end", func() bool {
				if s.sink.position() == s.head() {
					return true
				}
				s.publish(s.log.Add(1))
				return false
			})
			s.waitForHead(t)
		})
	}
}

// TestPublishedBeforeTheCommit publishes events that are then rolled back. No receiver
// can repair that, so this suite must detect it.
func TestPublishedBeforeTheCommit(t *testing.T) {
	pipe := new(eventlogtest.Pipe)
	s := start(t, Broker{Publisher: pipe, Subscriber: pipe})
	phantom := eventlogtest.Event(s.head().Seq + 1)
	phantom.Task = bytes.ToUpper(phantom.Task)
	s.publish([]task.Event{phantom})
	s.publish(s.log.Add(1)) // another transaction gets the same seq
	s.publish(s.log.Add(1))
	waittest.For(t, "the receiver at the end of the log", func() bool { return s.sink.position() == s.head() })
	if err := s.sink.compare(s.log); err == nil || !strings.Contains(err.Error(), "not those of the log") {
		t.Errorf("the check says %v of an event that was never committed", err)
	}
}
