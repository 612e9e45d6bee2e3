package sqlite

import (
	"context"
	"encoding/base64"
	"encoding/binary"
	"hash/crc32"
	"unicode/utf8"

	"github.com/taskctl/taskctl/pkg/task"
)

// List implements task.Store. A page is read by its key, the order of creation,
// so it costs what it returns, whatever there is.
func (s *Store) List(ctx context.Context, q task.Query) (page task.Page, err error) {
	before := int64(task.MaxSeq)
	if q.Cursor != "" {
		if before, err = parseCursor(q.Cursor); err != nil {
			return task.Page{}, err
		}
	}
	if !utf8.ValidString(q.Contains) {
		return task.Page{}, task.Invalid("q", "must be UTF-8")
	}
	q.Contains = fold(q.Contains)
	if q.Limit < 1 {
		return task.Page{}, task.Invalid("limit", "must be at least 1")
	}
	err = s.readers.snapshot(ctx, "list tasks", func(ctx context.Context, r *reader) (err error) {
		if _, page.Position, err = r.logBounds(ctx); err != nil {
			return err
		}
		return r.readPage(ctx, q, before, &page)
	})
	return page, err
}

// readPage fills a page with the tasks before n, and asks for one more to know
// whether there is another page.
func (r *reader) readPage(ctx context.Context, q task.Query, before int64, page *task.Page) error {
	page.Tasks = make([]task.Task, 0, min(q.Limit, 100))
	last := int64(0)
	add := func(row row) error {
		if len(page.Tasks) == q.Limit {
			page.Next = formatCursor(last)
			return errStop
		}
		n, t := scanTask(row)
		if q.Contains != "" && !contains(t, q.Contains) {
			return nil
		}
		page.Tasks = append(page.Tasks, t)
		last = n
		return nil
	}
	limit := int64(q.Limit) + 1
	if q.Contains != "" {
		limit = -1
	}
	if q.Completed == nil {
		return r.page.query(ctx, add, before, limit)
	}
	return r.pageByDone.query(ctx, add, before, limit, *q.Completed)
}

// A cursor is the key of the last task of a page, with a checksum: one that we
// have not made is refused, rather than taken for some other place.
const cursorSize = 8 + 4

func formatCursor(n int64) string {
	b := binary.BigEndian.AppendUint64(make([]byte, 0, cursorSize), uint64(n))
	b = binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(b))
	return base64.RawURLEncoding.EncodeToString(b)
}

func parseCursor(s string) (int64, error) {
	var b [cursorSize]byte
	if len(s) == base64.RawURLEncoding.EncodedLen(cursorSize) { // decoding skips line ends
		n, err := base64.RawURLEncoding.Strict().Decode(b[:], []byte(s))
		key := int64(binary.BigEndian.Uint64(b[:]))
		if err == nil && n == cursorSize && key > 0 &&
			binary.BigEndian.Uint32(b[8:]) == crc32.ChecksumIEEE(b[:8]) {
			return key, nil
		}
	}
	return 0, task.Invalid("cursor", "must be the next_cursor of an earlier page")
}
