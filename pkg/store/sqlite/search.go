package sqlite

import (
	"context"
	"time"
	"unicode/utf8"

	"taskctl/pkg/task"
	"taskctl/pkg/task/searchtext"
)

const (
	// firstScan is the number of newest tasks that a search compares before it
	// uses the index: common text is found there at once. It is larger for a text
	// shorter than a gram, because the index then has to collect every word with
	// that beginning.
	firstScan      = 500
	firstScanShort = 5000
	// maxLag is the number of events that the index may be behind and still be
	// used; the tasks they changed are compared one by one.
	maxLag = 20_000

	// A page of a search ends after this many tasks, bytes or this much time,
	// whatever it has found, and names a next one.
	maxSearchTasks = 50_000
	maxSearchBytes = 16 << 20
	maxSearchTime  = 100 * time.Millisecond
	// A search pauses for as long as it has worked, so that it uses half of one
	// CPU and leaves the rest to cheap requests.
	searchSlice = 2 * time.Millisecond
	// maxWaitingSearches bounds the searches that wait for a connection. The last
	// of them waits for a second or two.
	maxWaitingSearches = 32
)

// searchBudget is the remaining budget of a page of a search. The zero value, for a
// page without a search, is unlimited.
type searchBudget struct {
	limited      bool
	tasks, bytes int
	deadline     time.Time
	resumed      time.Time // after the last pause
}

func newSearchBudget(now time.Time) searchBudget {
	return searchBudget{
		limited: true, tasks: maxSearchTasks, bytes: maxSearchBytes,
		deadline: now.Add(maxSearchTime), resumed: now,
	}
}

// spend subtracts the cost of comparing a task.
func (b *searchBudget) spend(size int) {
	if !b.limited {
		return
	}
	b.tasks--
	b.bytes -= size
	now := time.Now()
	if now.After(b.deadline) {
		b.tasks = 0
	}
	if worked := now.Sub(b.resumed); worked > searchSlice && b.tasks > 0 {
		time.Sleep(worked)
		b.resumed = time.Now()
	}
}

func (b *searchBudget) spent() bool { return b.limited && (b.tasks <= 0 || b.bytes <= 0) }

// search fills a page with the tasks before last that match.
type search struct {
	query   task.Query
	key     string // query.Contains as searchtext compares it
	page    *task.RecordPage
	size    int   // of the page, in bytes
	last    int64 // n of the last task that was visited
	visited int64
	budget  searchBudget
	ended   bool   // the page is complete, or the budget is used up
	chunk   []byte // the unused rest of the memory for results
}

// visit is called with every candidate, newest first.
func (s *search) visit(r row) error {
	n, record := readTask(r)
	if s.budget.spent() {
		s.end()
		return errStop
	}
	matches, err := s.matches(record)
	if err != nil {
		return err
	}
	if matches && s.full() {
		s.end()
		return errStop
	}
	s.budget.spend(len(record.JSON))
	s.last = n
	s.visited++
	if matches {
		record.JSON = s.keep(record.JSON)
		s.page.Records = append(s.page.Records, record)
		s.size += len(record.JSON)
	}
	return nil
}

// end completes the page although there are more tasks.
func (s *search) end() {
	s.page.Next = task.FormatCursor(s.last)
	s.ended = true
}

// full reports whether the page has no room for another task.
func (s *search) full() bool {
	return len(s.page.Records) == s.query.Limit || s.size >= task.MaxPageBytes
}

// matches decodes a task only if its text is needed; without a search text, the
// statement itself selects the tasks.
func (s *search) matches(record task.Record) (bool, error) {
	if s.key == "" {
		return true, nil
	}
	t, err := record.Task()
	return (s.query.Completed == nil || *s.query.Completed == t.Completed) && searchtext.Contains(&t, s.key), err
}

// chunkSize is the size of one allocation for the tasks of a page, in bytes.
const chunkSize = 16 << 10

// keep copies a value that is valid only until the next step.
func (s *search) keep(json []byte) []byte {
	if len(json) > cap(s.chunk)-len(s.chunk) {
		s.chunk = make([]byte, 0, max(chunkSize, len(json)))
	}
	start := len(s.chunk)
	s.chunk = append(s.chunk, json...)
	return s.chunk[start:len(s.chunk):len(s.chunk)]
}

// scan visits up to limit tasks in (after, s.last), and reports whether there were
// that many.
func (r *reader) scan(ctx context.Context, s *search, after, limit int64) (bool, error) {
	before := s.visited
	var err error
	if s.query.Completed == nil {
		err = r.page.query(ctx, s.visit, s.last, limit, after)
	} else {
		err = r.pageByDone.query(ctx, s.visit, s.last, limit, after, *s.query.Completed)
	}
	return s.visited-before == limit, err
}

// find searches all tasks before s.last, using the index where that is faster. A state
// that covers nothing means that the index cannot be used.
func (r *reader) find(ctx context.Context, s *search, state indexState) error {
	short := utf8.RuneCountInString(s.key) < gramSize
	newest := int64(firstScan)
	if short {
		newest = firstScanShort
	}
	more, err := r.scan(ctx, s, 0, newest)
	if err != nil || s.ended || !more {
		return err
	}
	if short && s.query.Completed != nil { // it may be rare among those, but not in the index
		state = indexState{}
	}
	if _, err := r.scan(ctx, s, state.covered, -1); err != nil || s.ended || state.covered == 0 {
		return err
	}
	return r.findIndexed(ctx, s, state)
}

// findIndexed visits the tasks up to state.covered: those that the index finds, and
// those that have changed since they were indexed, in one order.
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
	// visitChanged visits the changed tasks down to n.
	visitChanged := func(n int64) error {
		for len(changed) > 0 && changed[0] >= n && !s.ended {
			next := changed[0]
			changed = changed[1:]
			if err := r.getNth.query(ctx, s.visit, next); err != nil {
				return err
			}
		}
		return nil
	}
	// The index may take long until it returns the first task.
	inTime, cancel := context.WithDeadline(ctx, s.budget.deadline)
	defer cancel()
	err = r.byWords.query(inTime, func(row row) error {
		n := row.int(0)
		if err := visitChanged(n); err != nil {
			return err
		}
		if s.ended {
			return errStop
		}
		if n == s.last { // it is one of the changed tasks
			return nil
		}
		return s.visit(row)
	}, gramQuery(s.key), before)
	switch {
	case s.ended:
		return nil
	case inTime.Err() != nil && ctx.Err() == nil:
		s.end()
		return nil
	case err != nil:
		return err
	}
	return visitChanged(0)
}
