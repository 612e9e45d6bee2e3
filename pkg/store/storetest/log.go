package storetest

import (
	"errors"
	"strings"
	"testing"

	"taskctl/pkg/task"
)

func testLog(t *testing.T, open Open) {
	f := newFixture(t, open)
	first, start := f.bounds()
	equal(t, "first of an empty log", first, 1)
	events, head, err := f.Read(f.ctx, start, 10)
	if len(events) != 0 || head != start || err != nil {
		t.Fatalf("Read of an empty log: %v, %v, %v", events, head, err)
	}
	const count = 30
	for i := range count {
		f.create(numbered("task", i), "")
	}
	first, end := f.bounds()
	equal(t, "first", first, 1)
	equal(t, "head", end, task.Position{Epoch: start.Epoch, Seq: count})

	for _, test := range []struct {
		name  string
		after task.Position
		limit int
		want  int // number of events; -1: all
		gone  task.GoneReason
	}{
		{"from the beginning", task.Position{Epoch: end.Epoch}, 1000, count, ""},
		{"from the beginning of the current epoch", task.Position{}, 1000, count, ""},
		{"from a bare number", task.Position{Seq: 7}, 1000, count - 7, ""},
		{"up to a limit", task.Position{Seq: 7}, 5, 5, ""},
		{"nothing asked", task.Position{Seq: 7}, 0, 0, ""},
		{"one", task.Position{Epoch: end.Epoch, Seq: count - 1}, 10, 1, ""},
		{"at the end", end, 10, 0, ""},
		{"ahead", task.Position{Epoch: end.Epoch, Seq: count + 1}, 10, 0, task.GoneAhead},
		{"bare and ahead", task.Position{Seq: task.MaxSeq}, 10, 0, task.GoneAhead},
		{"of another epoch", task.Position{Epoch: "other", Seq: 3}, 10, 0, task.GoneEpoch},
		{"of another epoch and ahead", task.Position{Epoch: "other", Seq: 99}, 10, 0, task.GoneEpoch},
		{"of another epoch, nothing asked", task.Position{Epoch: "other"}, 0, 0, task.GoneEpoch},
	} {
		t.Run(test.name, func(t *testing.T) {
			events, head, err := f.Read(f.ctx, test.after, test.limit)
			equal(t, "head", head, end)
			if test.gone != "" {
				var gone *task.GoneError
				if !errors.As(err, &gone) || !errors.Is(err, task.ErrGone) {
					t.Fatalf("error %v", err)
				}
				equal(t, "reason", *gone, task.GoneError{Reason: test.gone, Head: end})
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			equal(t, "events", len(events), test.want)
			for i, e := range events {
				equal(t, "seq", e.Seq, test.after.Seq+1+uint64(i))
			}
		})
	}

	t.Run("about a megabyte at once", func(t *testing.T) {
		const size = 40_000
		long := strings.Repeat("🎉", size/4)
		for i := range 60 {
			f.create(numbered("long", i), long)
		}
		events, _, err := f.Read(f.ctx, end, 1000)
		if err != nil {
			t.Fatal(err)
		}
		if len(events) < 10 || len(events) > 40 {
			t.Fatalf("%d events of 40 kB at once", len(events))
		}
		equal(t, "events in all", len(f.events(end)), 60)
	})
}
