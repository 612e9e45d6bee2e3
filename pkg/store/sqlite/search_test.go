package sqlite

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"

	"taskctl/pkg/store/storetest"
	"taskctl/pkg/task"
	"taskctl/pkg/wait/waittest"
)

// TestSearchIsBounded searches for what is not there in more than a page may read.
func TestSearchIsBounded(t *testing.T) {
	s := open(t, Options{})
	description := strings.Repeat("日", task.MaxDescription)
	var writers sync.WaitGroup
	for range 8 {
		writers.Go(func() {
			for range maxSearchBytes / len(description) / 6 {
				if _, err := s.Write(t.Context(), task.Change{
					Kind: task.Create, ID: storetest.NewID(t), Patch: storetest.Values("t", description, false),
				}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	writers.Wait()
	pages := 0
	for q := (task.Query{Limit: 10, Contains: "zz", Completed: new(bool)}); ; pages++ {
		page, err := s.List(t.Context(), q)
		if err != nil || len(page.Records) > 0 {
			t.Fatalf("%d tasks found, %v", len(page.Records), err)
		}
		if q.Cursor = page.Next; q.Cursor == "" {
			break
		}
	}
	if pages == 0 {
		t.Error("one page read everything")
	}
}

// TestSearchesLeaveOtherReadsAlone holds the connection for searches.
func TestSearchesLeaveOtherReadsAlone(t *testing.T) {
	s := open(t, Options{})
	made := addTask(t, s, "one", "")
	r, err := s.searches.take(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	ctx, leave := context.WithCancel(t.Context())
	var waiting sync.WaitGroup
	for range maxWaitingSearches {
		waiting.Go(func() {
			if _, err := s.List(ctx, task.Query{Limit: 1, Contains: "x"}); !errors.Is(err, context.Canceled) {
				t.Errorf("a search that waits: %v", err)
			}
		})
	}
	waittest.For(t, "the searches wait", func() bool { return s.searches.waiting.Load() == maxWaitingSearches })
	if _, err := s.List(t.Context(), task.Query{Limit: 1, Contains: "x"}); !errors.Is(err, task.ErrUnavailable) {
		t.Errorf("one search too many: %v", err)
	}
	if _, _, err := s.Get(t.Context(), made.Task.ID); err != nil {
		t.Error(err)
	}
	if _, err := s.List(t.Context(), task.Query{Limit: 1}); err != nil {
		t.Error(err)
	}
	leave() // what waits ends with its client
	waiting.Wait()
	s.searches.idle <- r
	if _, err := s.List(t.Context(), task.Query{Limit: 1, Contains: "x"}); err != nil {
		t.Error(err)
	}
}
