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
func (s *Store) List(ctx context.Context, q task.Query) (page task.RecordPage, err error) {
	before := int64(task.MaxSeq)
	if q.Cursor != "" {
		if before, err = parseCursor(q.Cursor); err != nil {
			return task.RecordPage{}, err
		}
	}
	if !utf8.ValidString(q.Contains) {
		return task.RecordPage{}, task.Invalid("q", "must be UTF-8")
	}
	if q.Limit < 1 {
		return task.RecordPage{}, task.Invalid("limit", "must be at least 1")
	}
	page, err = s.readers.page(ctx, q, before)
	if damaged(err) && q.Contains != "" && s.readers.index != "" && !s.readers.indexDamaged.Swap(true) {
		page, err = s.readers.page(ctx, q, before) // without the index, in case it is that
	}
	return page, err
}

func (p *pool) page(asked context.Context, q task.Query, before int64) (page task.RecordPage, err error) {
	err = p.snapshot(asked, "list tasks", func(ctx context.Context, r *reader) error {
		var state indexState
		if q.Contains != "" {
			ctx = asked // looking at searchBudget tasks takes longer than to watch a context
			// Read before the log: what it does not know yet is then in there.
			if state, err = p.indexState(ctx, r); err != nil {
				return err
			}
		}
		first, head, err := r.logBounds(ctx)
		if err != nil {
			return err
		}
		page = task.RecordPage{Position: head, Records: make([]task.Record, 0, min(q.Limit, 100))}
		return r.find(ctx, &search{
			query: q, folded: fold(q.Contains), page: &page, last: before, budget: searchBudget,
		}, state, first, head)
	})
	if err != nil {
		return task.RecordPage{}, err
	}
	return page, nil
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
