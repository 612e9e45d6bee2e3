package sqlite

import (
	"path/filepath"
	"slices"
	"testing"
	"time"

	"taskctl/pkg/store/storetest"
	"taskctl/pkg/task"
)

// TestImport imports into a database that is in use: all, or nothing, and once.
func TestImport(t *testing.T) {
	path := filepath.Join(t.TempDir(), "tasks.db")
	s := open(t, Options{Path: path})
	mine := addTask(t, s, "here before", "").Task
	old := task.Task{
		ID: storetest.NewID(t), Title: "old", CreatedAt: time.UnixMilli(1_600_000_000_000).UTC(), UpdatedAt: time.UnixMilli(1_600_000_001_000).UTC(),
	}
	changed := mine
	changed.Title, changed.Completed = "changed", true
	put := func(want ...task.ImportResult) *Import {
		t.Helper()
		i, err := BeginImport(t.Context(), Options{Path: path})
		if err != nil {
			t.Fatal(err)
		}
		if got, err := i.Put(t.Context(), []task.Task{old, changed}); err != nil || !slices.Equal(got, want) {
			t.Errorf("%v, %v; want %v", got, err, want)
		}
		return i
	}
	i := put(task.ImportAdded, task.ImportChanged)
	if err := i.Close(); err != nil { // without a commit
		t.Fatal(err)
	}
	if at := head(t, s); at.Seq != 1 {
		t.Errorf("an import that was given up has moved the log to %s", at)
	}
	i = put(task.ImportAdded, task.ImportChanged)
	if err := i.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := i.Close(); err != nil {
		t.Fatal(err)
	}
	record, at, err := s.Get(t.Context(), old.ID)
	if err != nil || at.Seq != 3 {
		t.Fatalf("at %s: %v", at, err)
	}
	got := decoded(t, record)
	if got.Version = 0; got != old {
		t.Errorf("imported %+v as %+v", old, got)
	}
	i = put(task.ImportUnchanged, task.ImportUnchanged)
	if err := i.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := i.Close(); err != nil {
		t.Fatal(err)
	}
	if at := head(t, s); at.Seq != 3 {
		t.Errorf("a second import has moved the log to %s", at)
	}
	// The system continues as before.
	if r := addTask(t, s, "later", ""); r.Position.Seq != 4 {
		t.Errorf("the next write has position %s", r.Position)
	}
	var titles []string
	if err := Export(t.Context(), path, func(r task.Record) error {
		titles = append(titles, decoded(t, r).Title)
		return nil
	}); err != nil || len(titles) != 3 || titles[0] != "changed" || titles[2] != "later" {
		t.Errorf("exported %q, %v", titles, err)
	}
}
