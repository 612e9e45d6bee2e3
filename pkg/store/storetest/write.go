package storetest

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"taskctl/pkg/task"
)

func testWrite(t *testing.T, open Open) {
	f := newFixture(t, open)
	begun := task.Timestamp(time.Now())
	_, start := f.bounds()
	if start.Epoch == "" || start.Seq != 0 {
		t.Fatalf("a new log stands at %q", start)
	}

	id := NewID(t)
	title, description := "Ñandú \"quoted\" \\ \u2028 </script>", "line\nline\t\x01 日本語 🎉"
	created := f.write(task.Change{Kind: task.Create, ID: id, Patch: Values(title, description, false)})
	want := task.Task{
		ID: id, Title: title, Description: description, Version: 1,
		CreatedAt: created.Task.CreatedAt, UpdatedAt: created.Task.CreatedAt,
	}
	equal(t, "created", created.Task, want)
	equal(t, "position", created.Position, task.Position{Epoch: start.Epoch, Seq: 1})
	if !created.Changed || created.Replayed {
		t.Fatalf("created: %+v", created)
	}
	if at := want.CreatedAt; at != task.Timestamp(at) || at.Before(begun) || at.After(time.Now()) {
		t.Fatalf("created at %v, which is no whole millisecond of this test in UTC", at)
	}
	got, at := f.get(id)
	equal(t, "Get", got, want)
	equal(t, "Get's position", at, created.Position)

	merged := f.write(task.Change{Kind: task.Merge, ID: id, Patch: task.Patch{Completed: ptr(true)}})
	want.Completed, want.Version, want.UpdatedAt = true, 2, merged.Task.UpdatedAt
	equal(t, "merged", merged.Task, want)
	if want.UpdatedAt.Before(want.CreatedAt) {
		t.Fatalf("updated at %v, before it was created at %v", want.UpdatedAt, want.CreatedAt)
	}

	for name, c := range map[string]task.Change{
		"an empty patch":       {Kind: task.Merge, ID: id},
		"a patch that repeats": {Kind: task.Merge, ID: id, Patch: task.Patch{Completed: ptr(true), Title: ptr(title)}},
		"the same values":      {Kind: task.Replace, ID: id, Patch: Values(title, description, true)},
	} {
		r := f.write(c)
		equal(t, name+" returns", r.Task, want)
		equal(t, name+" stands at", r.Position, merged.Position)
		if r.Changed || len(r.JSON) == 0 {
			t.Fatalf("%s: %+v", name, r)
		}
	}

	replaced := f.write(task.Change{Kind: task.Replace, ID: id, Patch: Values("new", "", false)})
	want.Title, want.Description, want.Completed = "new", "", false
	want.Version, want.UpdatedAt = 3, replaced.Task.UpdatedAt
	equal(t, "replaced", replaced.Task, want)

	deleted := f.write(task.Change{Kind: task.Delete, ID: id})
	equal(t, "deleted", deleted.Task, want)
	equal(t, "position of the deletion", deleted.Position.Seq, 4)
	_, at, err := f.Get(f.ctx, id)
	if !errors.Is(err, task.ErrNotFound) {
		t.Fatalf("Get of a deleted task: %v", err)
	}
	equal(t, "position without it", at, deleted.Position)
	equal(t, "tasks left", f.all(task.Query{Limit: 10}), []string{})

	events := f.events(start)
	results := []task.Result{created, merged, replaced, deleted}
	types := []task.EventType{task.Created, task.Updated, task.Updated, task.Deleted}
	if len(events) != len(results) {
		t.Fatalf("%d events for %d changes", len(events), len(results))
	}
	for i, e := range events {
		equal(t, "event", e, task.Event{
			Seq: results[i].Position.Seq, Type: types[i], TaskID: id, Time: e.Time, Task: results[i].JSON,
		})
		if e.Time != task.Timestamp(e.Time) || e.Time.Before(begun) || e.Time.After(time.Now()) {
			t.Fatalf("event %d at %v", e.Seq, e.Time)
		}
		var decoded task.Task
		if err := json.Unmarshal(e.Task, &decoded); err != nil {
			t.Fatal(err)
		}
		decoded.Version = results[i].Task.Version
		equal(t, "decoded event", decoded, results[i].Task)
	}

	long := f.write(task.Change{Kind: task.Create, ID: NewID(t), Patch: Values(
		strings.Repeat("日", task.MaxTitle), strings.Repeat("🎉", task.MaxDescription), true)})
	got, _ = f.get(long.Task.ID)
	equal(t, "the longest task", got, long.Task)
}

func testRefusals(t *testing.T, open Open) {
	f := newFixture(t, open)
	r := f.create("one", "")
	old := r.Task
	current := f.write(task.Change{Kind: task.Merge, ID: old.ID, Patch: task.Patch{Title: ptr("two")}}).Task
	head := task.Position{Epoch: r.Position.Epoch, Seq: 2}

	patch := Values("three", "", false)
	for _, test := range []struct {
		name   string
		change task.Change
		want   error
	}{
		{"replace what is not there", task.Change{Kind: task.Replace, ID: NewID(t), Patch: patch}, task.ErrNotFound},
		{"merge what is not there", task.Change{Kind: task.Merge, ID: NewID(t), Patch: patch}, task.ErrNotFound},
		{"delete what is not there", task.Change{Kind: task.Delete, ID: NewID(t)}, task.ErrNotFound},
		{"an id that is none", task.Change{Kind: task.Delete, ID: "'; DROP TABLE tasks"}, task.ErrNotFound},
		{"not there before the version", task.Change{Kind: task.Delete, ID: NewID(t), IfMatch: []uint64{1}}, task.ErrNotFound},
		{"replace an old version", task.Change{Kind: task.Replace, ID: old.ID, Patch: patch, IfMatch: []uint64{old.Version}}, task.ErrVersion},
		{"merge an old version", task.Change{Kind: task.Merge, ID: old.ID, Patch: patch, IfMatch: []uint64{old.Version, 77}}, task.ErrVersion},
		{"delete an old version", task.Change{Kind: task.Delete, ID: old.ID, IfMatch: []uint64{old.Version}}, task.ErrVersion},
		{"no version will do", task.Change{Kind: task.Delete, ID: old.ID, IfMatch: []uint64{}}, task.ErrVersion},
		{"an old version that would change nothing", task.Change{Kind: task.Merge, ID: old.ID, IfMatch: []uint64{old.Version}}, task.ErrVersion},
		{"a guard on created_at", task.Change{
			Kind: task.Merge, ID: old.ID, Patch: patch,
			Guard: task.PatchGuard{CreatedAt: later(current.CreatedAt)},
		}, task.Invalid("created_at", "cannot be changed")},
		{"a guard on updated_at", task.Change{
			Kind: task.Replace, ID: old.ID, Patch: patch,
			Guard: task.PatchGuard{CreatedAt: &current.CreatedAt, UpdatedAt: later(current.UpdatedAt)},
		}, task.ErrInvalid},
		{"create an id that is taken", task.Change{Kind: task.Create, ID: old.ID, Patch: patch}, task.ErrInvalid},
	} {
		t.Run(test.name, func(t *testing.T) {
			r, err := f.Write(f.ctx, test.change)
			var invalid, want *task.InvalidError
			if errors.As(test.want, &want) && errors.As(err, &invalid) {
				equal(t, "error", *invalid, *want)
			} else if !errors.Is(err, test.want) {
				t.Fatalf("error %v, want %v", err, test.want)
			}
			equal(t, "result", r, task.Result{Position: head})
		})
	}
	got, at := f.get(old.ID)
	equal(t, "the task after all that", got, current)
	equal(t, "the log after all that", at, head)

	for _, c := range []task.Change{
		{Kind: task.Merge, ID: old.ID, IfMatch: []uint64{99, 2}, Patch: task.Patch{Title: ptr("three")}},
		{Kind: task.Replace, ID: old.ID, IfMatch: []uint64{3}, Patch: Values("four", "", false)},
		{Kind: task.Delete, ID: old.ID, IfMatch: []uint64{4}, Guard: task.PatchGuard{}},
	} {
		if r := f.write(c); !r.Changed {
			t.Fatalf("%+v with the current version: %+v", c, r)
		}
	}
	again := f.create("guarded", "").Task
	f.write(task.Change{
		Kind: task.Merge, ID: again.ID, Patch: task.Patch{Completed: ptr(true)},
		Guard: task.PatchGuard{CreatedAt: &again.CreatedAt, UpdatedAt: &again.UpdatedAt},
	})
}

func testKeys(t *testing.T, open Open) {
	f := newFixture(t, open)
	key := func(name string, of byte) task.IdempotencyKey {
		return task.IdempotencyKey{Key: name, Fingerprint: [32]byte{of}}
	}
	id := NewID(t)
	changes := []task.Change{
		{Kind: task.Create, ID: id, Patch: Values("one \"1\"", "日本", false), Key: key("create", 1)},
		{Kind: task.Merge, ID: id, Patch: task.Patch{Title: ptr("two")}, Key: key("merge", 2)},
		{Kind: task.Merge, ID: id, Patch: task.Patch{Title: ptr("two")}, Key: key("merge nothing", 2)},
		{Kind: task.Replace, ID: id, Patch: Values("three", "", true), Key: key("'\x00\xff", 3)},
		{Kind: task.Delete, ID: id, Key: key(strings.Repeat("k", 255), 4)},
	}
	var first []task.Result
	for _, c := range changes {
		first = append(first, f.write(c))
	}
	_, head := f.bounds()
	for i, c := range changes {
		if c.Kind == task.Create {
			c.ID = NewID(t) // a repeated request gets a new id in the api
		}
		want := first[i]
		want.Replayed = true
		equal(t, "answer again", f.write(c), want)

		c.Key.Fingerprint[31] = 1
		r, err := f.Write(f.ctx, c)
		if !errors.Is(err, task.ErrKeyReused) {
			t.Fatalf("another request with the key %q: %+v, %v", c.Key.Key, r, err)
		}
	}
	_, after := f.bounds()
	equal(t, "log after the repetitions", after, head)

	// The answer of a refused write is not stored, so its key can be used again.
	refused := task.Change{Kind: task.Merge, ID: NewID(t), Patch: task.Patch{Title: ptr("x")}, Key: key("refused", 5)}
	for range 2 {
		if _, err := f.Write(f.ctx, refused); !errors.Is(err, task.ErrNotFound) {
			t.Fatalf("merge of nothing: %v", err)
		}
	}
	refused.Kind, refused.Patch, refused.Key.Fingerprint = task.Create, Values("x", "", false), [32]byte{6}
	if r := f.write(refused); r.Replayed {
		t.Fatalf("%+v", r)
	}
}
