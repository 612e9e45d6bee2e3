//go:build unix

package postgres

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"

	"go.uber.org/goleak"

	"taskctl/pkg/store/postgrestest"
	"taskctl/pkg/store/storetest"
	"taskctl/pkg/task"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// open opens a store on o.URL and closes it in the end.
func open(t testing.TB, o Options) *Store {
	t.Helper()
	s, err := Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	return s
}

func TestStore(t *testing.T) {
	server := postgrestest.Start(t)
	storetest.Run(t, func(t testing.TB) task.Store { return open(t, Options{URL: server.Database(t)}) })
}

func head(t testing.TB, s *Store) task.Position {
	t.Helper()
	_, at, err := s.Bounds(context.WithoutCancel(t.Context()))
	if err != nil {
		t.Fatal(err)
	}
	return at
}

// TestSearchIndex runs the cases of searching with the index that an operator may
// make: they find the same.
func TestSearchIndex(t *testing.T) {
	server := postgrestest.Start(t)
	storetest.Run(t, func(t testing.TB) task.Store {
		url := server.Database(t)
		made := open(t, Options{URL: url})
		c, err := made.connector.connect(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		err = c.exec("CREATE EXTENSION pg_trgm; CREATE INDEX tasks_search ON taskctl.tasks USING gin (search gin_trgm_ops)")
		if err := errors.Join(err, c.close()); err != nil {
			t.Fatal(err)
		}
		s := open(t, Options{URL: url})
		if !s.trigrams.usable("CAFÉ") {
			t.Error("the index is not used")
		}
		return s
	})
}

func TestShared(t *testing.T) {
	server := postgrestest.Start(t)
	storetest.RunShared(t, func(t testing.TB) func(int) task.Store {
		url := server.Database(t)
		return func(maxEvents int) task.Store {
			return open(t, Options{URL: url, Retention: Retention{MaxEvents: maxEvents}})
		}
	})
}

// TestSearchBudget searches more text than a page may look at without an index.
func TestSearchBudget(t *testing.T) {
	s := open(t, Options{URL: postgrestest.Start(t).Database(t)})
	description := strings.Repeat("x", task.MaxDescription)
	const count = 2 * maxSearchBytes / task.MaxDescription
	var writers sync.WaitGroup
	for range 16 {
		writers.Go(func() {
			for range count / 16 {
				c := newTask(t, "large")
				c.Patch = storetest.Values("large", description, false)
				if _, err := s.Write(t.Context(), c); err != nil {
					t.Error(err)
				}
			}
		})
	}
	writers.Wait()
	q := task.Query{Limit: 10, Contains: "needle"}
	for pages := 1; ; pages++ {
		page, err := s.List(t.Context(), q)
		if err != nil || len(page.Records) > 0 {
			t.Fatalf("page %d: %d tasks, %v", pages, len(page.Records), err)
		}
		if page.Next == "" {
			if pages < 2 {
				t.Error("one page looked at everything")
			}
			return
		}
		q.Cursor = page.Next
	}
}
