//go:build unix

package postgres

import (
	"errors"
	"slices"
	"testing"
	"time"

	"taskctl/pkg/store/postgrestest"
	"taskctl/pkg/store/storetest"
	"taskctl/pkg/task"
)

// TestTransfer imports into a database that is in use: all, or nothing, and once.
func TestTransfer(t *testing.T) {
	o := Options{URL: postgrestest.Start(t).Database(t)}
	exported := func() (titles []string, err error) {
		err = Export(t.Context(), o, func(r task.Record) error {
			decoded, err := r.Task()
			titles = append(titles, decoded.Title)
			return err
		})
		return titles, err
	}
	if _, err := exported(); !errors.Is(err, ErrNoSchema) {
		t.Errorf("export of an empty database: %v", err)
	}
	s := open(t, o)
	create := func(title string) task.Result {
		t.Helper()
		r, err := s.Write(t.Context(), task.Change{Kind: task.Create, ID: storetest.NewID(t), Patch: storetest.Values(title, "", false)})
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	mine := create("here before").Task
	old := task.Task{
		ID: storetest.NewID(t), Title: "old", CreatedAt: time.UnixMilli(1_600_000_000_000).UTC(), UpdatedAt: time.UnixMilli(1_600_000_001_000).UTC(),
	}
	changed, twice := mine, old
	changed.Title, changed.Completed = "changed", true
	twice.Title = "old, again in the same file"
	put := func(end func(*Import) error, want ...task.ImportResult) {
		t.Helper()
		i, err := BeginImport(t.Context(), o)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := i.Put(t.Context(), []task.Task{old, changed, twice}); err != nil || !slices.Equal(got, want) {
			t.Errorf("%v, %v; want %v", got, err, want)
		}
		if err := errors.Join(end(i), i.Close()); err != nil {
			t.Fatal(err)
		}
	}
	commit := func(i *Import) error { return i.Commit(t.Context()) }
	put(func(*Import) error { return nil }, task.ImportAdded, task.ImportChanged, task.ImportChanged)
	if seq := head(t, s).Seq; seq != 1 {
		t.Errorf("an import that was given up has moved the log to %d", seq)
	}
	put(commit, task.ImportAdded, task.ImportChanged, task.ImportChanged)
	record, at, err := s.Get(t.Context(), old.ID)
	if err != nil || at.Seq != 4 {
		t.Fatalf("at %s: %v", at, err)
	}
	if got, err := record.Task(); err != nil || got.Version != 4 {
		t.Errorf("imported as %+v, %v", got, err)
	} else if got.Version = 0; got != twice {
		t.Errorf("imported %+v as %+v", twice, got)
	}
	// The system goes on as before.
	if r := create("later"); r.Position.Seq != 5 {
		t.Errorf("the next write has position %s", r.Position)
	}
	if titles, err := exported(); err != nil || !slices.Equal(titles, []string{"changed", "old, again in the same file", "later"}) {
		t.Errorf("exported %q, %v", titles, err)
	}
}
