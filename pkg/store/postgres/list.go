package postgres

import (
	"bytes"
	"context"
	"unicode/utf8"

	"taskctl/pkg/task"
)

// List implements task.Store. Pages are read by key in the order of creation (keyset
// pagination), so the cost of a page depends only on its own size.
func (s *Store) List(ctx context.Context, q task.Query) (page task.RecordPage, err error) {
	before, err := task.ParseCursor(q.Cursor)
	switch {
	case err != nil:
		return task.RecordPage{}, err
	case !utf8.ValidString(q.Contains):
		return task.RecordPage{}, task.Invalid("q", "must be UTF-8")
	case q.Limit < 1:
		return task.RecordPage{}, task.Invalid("limit", "must be at least 1")
	}
	err = s.readers.use(ctx, "list tasks", func(c *conn) (err error) {
		if q.Contains == "" || q.IDPart != "" {
			page, err = s.page(c, q, before)
		} else {
			page, err = s.search(c, q, before)
		}
		return err
	})
	if err != nil {
		return task.RecordPage{}, err
	}
	return page, nil
}

// maxSent is the size of the JSON in bytes after which the server sends no more tasks:
// enough for a page, its last task, and one more, which shows that there is a next
// page.
const maxSent = int64(task.MaxPageBytes + 256<<10)

// page reads a page without a search, in one statement and so from one snapshot.
func (s *Store) page(c *conn, q task.Query, before int64) (task.RecordPage, error) {
	var at stand
	page := task.RecordPage{Records: make([]task.Record, 0, min(q.Limit, 100))}
	var last int64
	var size int
	add := func(r row) error {
		at.from(r)
		switch {
		case r.null(3): // no task in the joined row
		case len(page.Records) == q.Limit, size >= task.MaxPageBytes:
			page.Next = task.FormatCursor(last)
		default:
			last = r.int(3)
			size += len(r.bytes(5))
			page.Records = append(page.Records, task.Record{Version: uint64(r.int(4)), JSON: bytes.Clone(r.bytes(5))})
		}
		return nil
	}
	request := s.sql.page.reading(add, before, int64(q.Limit)+1, maxSent)
	switch {
	case q.IDPart != "":
		anyState, completed := q.Completed == nil, q.Completed != nil && *q.Completed
		request = s.sql.pageByIDPart.reading(add, before, int64(q.Limit)+1, maxSent, q.IDPart, anyState, completed)
	case q.Completed != nil:
		request = s.sql.pageByDone.reading(add, before, int64(q.Limit)+1, maxSent, *q.Completed)
	}
	err := at.check(c.do(request))
	page.Position = at.head
	return page, err
}
