package sqlite

import (
	"context"
	"unicode/utf8"

	"github.com/taskctl/taskctl/pkg/task"
)

const (
	// searchBudget is the number of tasks that a page may look at: a page costs
	// no more than that, and may hold fewer tasks than asked, or none, and still
	// name a next one.
	searchBudget = 50_000
	// firstLook is the number of the newest tasks that a search looks at before
	// it asks the index: what is common is found there at once. For less than a
	// gram it looks at more, because the index has to gather every word that
	// begins so, which costs as much as there are tasks with one.
	firstLook      = 500
	firstLookShort = 5000
	// maxLag is the number of events that the index may be behind and still be
	// asked; the tasks they changed are looked at one by one.
	maxLag = 20_000
)

// search fills a page with the tasks before n that match.
type search struct {
	query  task.Query
	folded string // query.Contains
	page   *task.RecordPage
	last   int64  // n of the last task looked at
	budget int    // tasks that may still be looked at
	ended  bool   // the page is complete, or the budget used up
	chunk  []byte // what is left of the memory for what is found
}

// look is shown every task that may match, the newest first.
func (s *search) look(r row) error {
	n, record := found(r)
	matches, err := s.matches(record)
	if err != nil {
		return err
	}
	if s.budget == 0 || matches && len(s.page.Records) == s.query.Limit {
		s.page.Next = formatCursor(s.last)
		s.ended = true
		return errStop
	}
	s.budget--
	s.last = n
	if matches {
		record.JSON = s.keep(record.JSON)
		s.page.Records = append(s.page.Records, record)
	}
	return nil
}

// matches decodes a task only where its text matters; without, all that is
// looked at has been selected by the rest.
func (s *search) matches(record task.Record) (bool, error) {
	if s.folded == "" {
		return true, nil
	}
	t, err := record.Task()
	return (s.query.Completed == nil || *s.query.Completed == t.Completed) && contains(t, s.folded), err
}

// chunkSize is the memory taken at once for the tasks of a page, in bytes.
const chunkSize = 16 << 10

// keep copies what is valid until the next step.
func (s *search) keep(json []byte) []byte {
	if len(json) > cap(s.chunk)-len(s.chunk) {
		s.chunk = make([]byte, 0, max(chunkSize, len(json)))
	}
	start := len(s.chunk)
	s.chunk = append(s.chunk, json...)
	return s.chunk[start:len(s.chunk):len(s.chunk)]
}

// scan looks at up to limit tasks in (after, s.last), and reports whether there
// were as many.
func (r *reader) scan(ctx context.Context, s *search, after, limit int64) (bool, error) {
	budget := s.budget
	var err error
	if s.query.Completed == nil {
		err = r.page.query(ctx, s.look, s.last, limit, after)
	} else {
		err = r.pageByDone.query(ctx, s.look, s.last, limit, after, *s.query.Completed)
	}
	return int64(budget-s.budget) == limit, err
}

// find looks through all tasks before s.last, with the index if it can.
func (r *reader) find(ctx context.Context, s *search, state indexState, first uint64, head task.Position) error {
	if s.folded == "" {
		_, err := r.scan(ctx, s, 0, int64(s.query.Limit)+1)
		return err
	}
	short := utf8.RuneCountInString(s.folded) < gramSize
	look := int64(firstLook)
	if short {
		look = firstLookShort
	}
	more, err := r.scan(ctx, s, 0, look)
	if err != nil || s.ended || !more {
		return err
	}
	usable := (!short || s.query.Completed == nil) && // rare among those, maybe, but not in the index
		state.Epoch != "" && gone(state.Position, first, head) == "" && head.Seq-state.Seq <= maxLag
	if !usable {
		state.covered = 0
	}
	if _, err := r.scan(ctx, s, state.covered, -1); err != nil || s.ended || !usable {
		return err
	}
	return r.findIndexed(ctx, s, state)
}

// findIndexed looks at the tasks up to state.covered: those that the index
// finds, and those that have changed since it saw them, in their common order.
func (r *reader) findIndexed(ctx context.Context, s *search, state indexState) error {
	before := min(s.last, state.covered+1)
	var changed []int64
	err := r.changed.query(ctx, func(r row) error {
		changed = append(changed, r.int(0))
		return nil
	}, int64(state.Seq), before)
	if err != nil {
		return err
	}
	// lookAtChanged looks at the changed tasks down to n.
	lookAtChanged := func(n int64) error {
		for len(changed) > 0 && changed[0] >= n && !s.ended {
			next := changed[0]
			changed = changed[1:]
			if err := r.getNth.query(ctx, s.look, next); err != nil {
				return err
			}
		}
		return nil
	}
	err = r.byWords.query(ctx, func(row row) error {
		n := row.int(0)
		if err := lookAtChanged(n); err != nil {
			return err
		}
		if s.ended {
			return errStop
		}
		if n == s.last { // it was one of them
			return nil
		}
		return s.look(row)
	}, gramQuery(s.folded), before)
	if err != nil || s.ended {
		return err
	}
	return lookAtChanged(0)
}
