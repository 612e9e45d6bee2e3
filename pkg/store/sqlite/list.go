package sqlite

import (
	"context"
	"time"
	"unicode/utf8"

	"taskctl/pkg/task"
	"taskctl/pkg/task/searchtext"
)

// List implements task.Store. Pages are read by key (keyset pagination), so the cost
// of a page is what it returns. Searches have connections of their own, because one
// may take as long as a thousand other reads.
func (s *Store) List(ctx context.Context, q task.Query) (page task.RecordPage, err error) {
	before, err := task.ParseCursor(q.Cursor)
	switch {
	case err != nil:
		return task.RecordPage{}, err
	case !utf8.ValidString(q.Contains):
		return task.RecordPage{}, task.Invalid("q", "must be UTF-8")
	case q.Limit < 1:
		return task.RecordPage{}, task.Invalid("limit", "must be at least 1")
	case q.IDPart != "":
		return s.pageByIDPart(ctx, q, before)
	case q.Contains == "":
		return s.plainPage(ctx, q, before)
	}
	page, err = s.searchPage(ctx, q, before)
	if damaged(err) && s.indexer.usable() {
		s.indexer.damaged.Store(true) // if it is the database instead, this fails, too
		page, err = s.searchPage(ctx, q, before)
	}
	return page, err
}

// plainPage reads a page without a search text.
func (s *Store) plainPage(ctx context.Context, q task.Query, before int64) (page task.RecordPage, err error) {
	err = s.pages.snapshot(ctx, "list tasks", func(r *reader) error {
		ctx := context.WithoutCancel(ctx) // a query is shorter than the setup of an interrupt
		_, head, err := r.logBounds(ctx)
		if err != nil {
			return err
		}
		page = newPage(q, head)
		_, err = r.scan(ctx, &search{query: q, page: &page, last: before}, 0, int64(q.Limit)+1)
		return err
	})
	if err != nil {
		return task.RecordPage{}, err
	}
	return page, nil
}

// pageByIDPart reads a page of the tasks whose ids begin or end with a part. It waits
// for its turn as searches do, because it takes longer than other pages.
func (s *Store) pageByIDPart(ctx context.Context, q task.Query, before int64) (page task.RecordPage, err error) {
	err = s.searches.snapshot(ctx, "look up an id", func(r *reader) error {
		_, head, err := r.logBounds(ctx)
		if err != nil {
			return err
		}
		page = newPage(q, head)
		found := search{query: q, page: &page, last: before}
		anyState, completed := q.Completed == nil, q.Completed != nil && *q.Completed
		return r.pageByIDPart.query(ctx, found.visit, q.IDPart, before, int64(q.Limit)+1, anyState, completed)
	})
	if err != nil {
		return task.RecordPage{}, err
	}
	return page, nil
}

// searchPage reads a page of the tasks that contain a text.
func (s *Store) searchPage(ctx context.Context, q task.Query, before int64) (page task.RecordPage, err error) {
	err = s.searches.snapshot(ctx, "search tasks", func(r *reader) error {
		// Before the log is read, which then has everything that the index does not cover.
		state, err := s.indexer.stateOn(ctx, r)
		if err != nil {
			return err
		}
		first, head, err := r.logBounds(ctx)
		if err != nil {
			return err
		}
		page = newPage(q, head)
		if state.CheckReadable(first, head) != nil || head.Seq-state.Seq > maxLag {
			state = indexState{} // not usable
		}
		return r.find(ctx, &search{
			query: q, key: searchtext.Key(q.Contains), page: &page, last: before,
			budget: newSearchBudget(time.Now()),
		}, state)
	})
	if err != nil {
		return task.RecordPage{}, err
	}
	return page, nil
}

func newPage(q task.Query, head task.Position) task.RecordPage {
	return task.RecordPage{Position: head, Records: make([]task.Record, 0, min(q.Limit, 100))}
}
