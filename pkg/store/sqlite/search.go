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
	page   *task.Page
	last   int64 // n of the last task looked at
	budget int   // tasks that may still be looked at
	ended  bool  // the page is complete, or the budget used up
}

// look is shown every task that may match, the newest first.
func (s *search) look(n int64, t task.Task) error {
	found := s.matches(t)
	if s.budget == 0 || found && len(s.page.Tasks) == s.query.Limit {
		s.page.Next = formatCursor(s.last)
		s.ended = true
		return errStop
	}
	s.budget--
	s.last = n
	if found {
		s.page.Tasks = append(s.page.Tasks, t)
	}
	return nil
}

func (s *search) matches(t task.Task) bool {
	return (s.query.Completed == nil || *s.query.Completed == t.Completed) &&
		(s.folded == "" || contains(t, s.folded))
}

func (s *search) lookAt(r row) error { return s.look(scanTask(r)) }

// scan looks at up to limit tasks in (after, s.last), and reports whether there
// were as many.
func (r *reader) scan(ctx context.Context, s *search, after, limit int64) (bool, error) {
	budget := s.budget
	var err error
	if s.query.Completed == nil {
		err = r.page.query(ctx, s.lookAt, s.last, limit, after)
	} else {
		err = r.pageByDone.query(ctx, s.lookAt, s.last, limit, after, *s.query.Completed)
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
	usable := !(short && s.query.Completed != nil) && // rare among those, maybe, but not in the index
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
			found, err := r.getNth.first(ctx, changed[0])
			if err != nil {
				return err
			}
			changed = changed[1:]
			if found != nil {
				if err := s.look(scanTask(found)); err != nil {
					return err
				}
			}
		}
		return nil
	}
	err = r.byWords.query(ctx, func(row row) error {
		n, t := scanTask(row)
		if err := lookAtChanged(n); err != nil {
			return err
		}
		if n == s.last { // it was one of them
			return nil
		}
		return s.look(n, t)
	}, gramQuery(s.folded), before)
	if err != nil || s.ended {
		return err
	}
	if err := lookAtChanged(0); err != errStop { //nolint:errorlint // our own, never wrapped
		return err
	}
	return nil
}
