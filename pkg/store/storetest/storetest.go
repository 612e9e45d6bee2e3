// Package storetest is the suite that every task.Store must pass. It checks the
// promises of pkg/task/store.go, and uses the interface only.
package storetest

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"taskctl/pkg/task"
)

// Open creates a new, empty store, which is closed when the test ends.
type Open func(t testing.TB) task.Store

// Run runs the whole suite with the stores that open returns.
func Run(t *testing.T, open Open) {
	for _, suite := range []struct {
		name string
		test func(t *testing.T, open Open)
	}{
		{"Write", testWrite},
		{"Refusals", testRefusals},
		{"Keys", testKeys},
		{"List", testList},
		{"IDParts", testIDParts},
		{"LargePages", testLargePages},
		{"LargeSearch", testLargeSearch},
		{"Search", testSearch},
		{"Log", testLog},
		{"Concurrency", testConcurrency},
		{"Close", testClose},
	} {
		t.Run(suite.name, func(t *testing.T) { suite.test(t, open) })
	}
}

// fixture is a store with helpers for common calls.
type fixture struct {
	task.Store
	testing.TB
	ctx context.Context
}

func newFixture(t testing.TB, open Open) *fixture {
	t.Helper()
	return &fixture{Store: open(t), TB: t, ctx: t.Context()}
}

// NewID returns a new id, like those of the api.
func NewID(t testing.TB) string {
	t.Helper()
	id, err := uuid.NewV7()
	if err != nil {
		t.Fatal(err)
	}
	return id.String()
}

// Values returns a patch with all three values.
func Values(title, description string, completed bool) task.Patch {
	return task.Patch{Title: &title, Description: &description, Completed: &completed}
}

// write makes a change that must succeed.
func (f *fixture) write(c task.Change) task.Result {
	f.Helper()
	r, err := f.Write(f.ctx, c)
	if err != nil {
		f.Fatalf("Write(%+v): %v", c, err)
	}
	return r
}

func (f *fixture) create(title, description string) task.Result {
	f.Helper()
	return f.write(task.Change{Kind: task.Create, ID: NewID(f), Patch: Values(title, description, false)})
}

func (f *fixture) get(id string) (task.Task, task.Position) {
	f.Helper()
	record, at, err := f.Get(f.ctx, id)
	if err != nil {
		f.Fatalf("Get(%s): %v", id, err)
	}
	return f.decode(record), at
}

// decode checks that a record is the task's JSON, and returns the task.
func (f *fixture) decode(r task.Record) task.Task {
	f.Helper()
	t, err := r.Task()
	if err != nil {
		f.Fatalf("%s: %v", r.JSON, err)
	}
	equal(f, "record", string(r.JSON), string(t.AppendJSON(nil)))
	return t
}

// tasks returns the tasks of one page.
func (f *fixture) tasks(q task.Query) []task.Task {
	f.Helper()
	var all []task.Task
	for _, r := range f.list(q).Records {
		all = append(all, f.decode(r))
	}
	return all
}

func (f *fixture) list(q task.Query) task.RecordPage {
	f.Helper()
	p, err := f.List(f.ctx, q)
	if err != nil {
		f.Fatalf("List(%+v): %v", q, err)
	}
	return p
}

// all reads every page of a query and returns the titles.
func (f *fixture) all(q task.Query) []string {
	f.Helper()
	titles := []string{}
	for pages := 0; ; pages++ {
		p := f.list(q)
		for _, r := range p.Records {
			titles = append(titles, f.decode(r).Title)
		}
		if p.Next == "" {
			return titles
		}
		if pages > 10_000 {
			f.Fatalf("List(%+v) has no end", q)
		}
		q.Cursor = p.Next
	}
}

func (f *fixture) bounds() (uint64, task.Position) {
	f.Helper()
	first, head, err := f.Bounds(f.ctx)
	if err != nil {
		f.Fatalf("Bounds: %v", err)
	}
	return first, head
}

// events reads the log to its end.
func (f *fixture) events(after task.Position) []task.Event {
	f.Helper()
	var all []task.Event
	for {
		events, head, err := f.Read(f.ctx, after, 1000)
		if err != nil {
			f.Fatalf("Read(%s): %v", after, err)
		}
		for _, e := range events {
			if e.Seq != after.Seq+1 {
				f.Fatalf("Read: event %d follows %d", e.Seq, after.Seq)
			}
			after.Seq = e.Seq
		}
		all = append(all, events...)
		if after.Seq == head.Seq {
			return all
		}
		if len(events) == 0 {
			f.Fatalf("Read(%s): no events, and the log stands at %s", after, head)
		}
	}
}

func equal[T any](t testing.TB, what string, got, want T) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Fatalf("%s (-want +got):\n%s", what, diff)
	}
}

func ptr[T any](v T) *T { return &v }

func later(t time.Time) *time.Time { return ptr(t.Add(time.Millisecond)) }

func numbered(prefix string, n int) string { return fmt.Sprintf("%s %d", prefix, n) }
