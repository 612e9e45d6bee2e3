package storetest

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"sync"
	"testing"

	"taskctl/pkg/task"
)

// testConcurrency writes and reads in many goroutines, and then replays the log: that
// must give every answer and exactly the stored tasks.
func testConcurrency(t *testing.T, open Open) {
	f := newFixture(t, open)
	const writers, rounds = 16, 20
	answers := make([][]task.Result, writers)
	shared := f.create("shared", "")
	var work sync.WaitGroup
	for w := range writers {
		work.Go(func() {
			answers[w] = writeSome(f, w, rounds, shared.Task.ID)
		})
	}
	stop := make(chan struct{})
	var readers sync.WaitGroup
	readers.Go(func() { readWhile(f, stop) })
	readers.Go(func() { pageWhile(f, stop) })
	work.Wait()
	close(stop)
	readers.Wait()
	if t.Failed() {
		return
	}

	events := f.events(task.Position{})
	bySeq := map[uint64]task.Result{1: shared}
	for _, a := range slices.Concat(answers...) {
		if !a.Changed {
			continue
		}
		if other, taken := bySeq[a.Position.Seq]; taken {
			t.Fatalf("two answers with one position: %+v and %+v", a, other)
		}
		bySeq[a.Position.Seq] = a
	}
	equal(t, "events for answers", len(events), len(bySeq))
	folded := map[string]string{}
	for _, e := range events {
		equal(t, "event of an answer", string(e.Task), string(bySeq[e.Seq].JSON))
		folded[e.TaskID] = string(e.Task)
		if e.Type == task.Deleted {
			delete(folded, e.TaskID)
		}
	}
	there := map[string]string{}
	for _, r := range f.list(task.Query{Limit: 1000}).Records {
		there[f.decode(r).ID] = string(r.JSON)
	}
	equal(t, "folded log", folded, there)
}

// writeSome makes every kind of change: some to a task that all writers share, some
// twice with one key, and some that are refused.
func writeSome(f *fixture, writer, rounds int, shared string) []task.Result {
	var results []task.Result
	write := func(c task.Change, may error) {
		r, err := f.Write(f.ctx, c)
		switch {
		case err == nil && !r.Replayed:
			results = append(results, r)
		case err != nil && !errors.Is(err, may):
			f.Errorf("Write(%+v): %v", c, err)
		}
	}
	for i := range rounds {
		id := NewID(f)
		create := task.Change{
			Kind: task.Create, ID: id, Patch: Values(numbered("task", i), "", false),
			Key: task.IdempotencyKey{Key: numbered(numbered("key", writer), i)},
		}
		write(create, nil)
		create.ID = NewID(f)
		write(create, nil) // replayed
		write(task.Change{Kind: task.Merge, ID: shared, Patch: task.Patch{Title: ptr(numbered("by", writer*1000+i))}}, nil)
		write(task.Change{Kind: task.Merge, ID: NewID(f)}, task.ErrNotFound)
		current, _, err := f.Get(f.ctx, shared)
		if err != nil {
			f.Errorf("Get: %v", err)
		}
		write(task.Change{
			Kind: task.Replace, ID: shared, Patch: Values("mine", numbered("by", writer), i%2 == 0),
			IfMatch: []uint64{current.Version},
		}, task.ErrVersion)
		if i%3 == 0 {
			write(task.Change{Kind: task.Delete, ID: id}, nil)
		}
	}
	return results
}

// readWhile follows the log as it grows, and checks that it has no gaps.
func readWhile(f *fixture, stop <-chan struct{}) {
	var at task.Position
	for {
		events, head, err := f.Read(f.ctx, at, 100)
		if err != nil {
			f.Errorf("Read(%s): %v", at, err)
			return
		}
		for _, e := range events {
			if e.Seq != at.Seq+1 {
				f.Errorf("event %d follows %d", e.Seq, at.Seq)
			}
			if !json.Valid(e.Task) {
				f.Errorf("event %d: %q", e.Seq, e.Task)
			}
			at.Seq = e.Seq
		}
		if head.Seq < at.Seq {
			f.Errorf("the log stands at %s after event %d", head, at.Seq)
		}
		select {
		case <-stop:
			return
		default:
		}
	}
}

// pageWhile checks that no page shows a change that its position does not cover.
func pageWhile(f *fixture, stop <-chan struct{}) {
	for {
		p, err := f.List(f.ctx, task.Query{Limit: 50})
		if err != nil {
			f.Errorf("List: %v", err)
			return
		}
		newest := uint64(0)
		for _, r := range p.Records {
			newest = max(newest, r.Version)
		}
		if newest > p.Position.Seq {
			f.Errorf("a page at %d shows change %d", p.Position.Seq, newest)
		}
		select {
		case <-stop:
			return
		default:
		}
	}
}

func testClose(t *testing.T, open Open) {
	f := newFixture(t, open)
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	create := func() task.Change {
		return task.Change{Kind: task.Create, ID: NewID(t), Patch: Values("x", "", false)}
	}
	if _, err := f.Write(ended, create()); !errors.Is(err, context.Canceled) {
		t.Fatalf("Write with a context that has ended: %v", err)
	}
	if _, _, err := f.Get(ended, "x"); !errors.Is(err, context.Canceled) {
		t.Fatalf("Get with a context that has ended: %v", err)
	}

	// Writes in progress when the store closes are answered: either committed or
	// refused.
	var work sync.WaitGroup
	begun := make(chan struct{}, 8)
	for range 8 {
		work.Go(func() {
			for first := true; ; first = false {
				_, err := f.Write(f.ctx, create())
				if first {
					begun <- struct{}{}
				}
				if err != nil {
					if !errors.Is(err, task.ErrUnavailable) {
						t.Errorf("Write while closing: %v", err)
					}
					return
				}
			}
		})
	}
	for range 8 {
		<-begun
	}
	for range 2 {
		if err := f.Close(); err != nil {
			t.Fatalf("Close: %v", err)
		}
	}
	work.Wait()

	_, _, getErr := f.Get(f.ctx, "x")
	_, listErr := f.List(f.ctx, task.Query{Limit: 1})
	_, _, boundsErr := f.Bounds(f.ctx)
	_, _, readErr := f.Read(f.ctx, task.Position{}, 1)
	_, writeErr := f.Write(f.ctx, create())
	for name, err := range map[string]error{"Get": getErr, "List": listErr, "Bounds": boundsErr, "Read": readErr, "Write": writeErr} {
		if !errors.Is(err, task.ErrUnavailable) {
			t.Errorf("%s after Close: %v", name, err)
		}
	}
}
