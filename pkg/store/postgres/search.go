package postgres

import (
	"bytes"
	"errors"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/jackc/pgx/v5/pgconn"

	"taskctl/pkg/task"
	"taskctl/pkg/task/searchtext"
)

const (
	// Without the index, a page of a search ends after this many tasks, bytes or this
	// much time. So it may hold fewer tasks than requested, or none, and still name a
	// next page.
	maxSearchTasks = 50_000
	maxSearchBytes = 16 << 20
	maxSearchTime  = 100 * time.Millisecond
	// maxIndexTime is how long the server may use the index. After it, the page is
	// filled without the index.
	maxIndexTime = 500 * time.Millisecond
	// stepTasks and stepBytes bound the tasks that one statement compares. The first
	// such step comes before the use of the index, because it finds common text at
	// once.
	stepTasks = 2000
	stepBytes = 2 << 20
	// commonMatches is the number of matches in stepTasks tasks from which a text is
	// too common for the index: then comparing task by task fills the page sooner.
	commonMatches = 4
	// maxMatches is how many tasks the index may find. All of them must be read to know
	// which are the newest.
	maxMatches = 20_000
	// gramSize is the number of consecutive letters and digits that the index needs.
	gramSize = 3
)

// trigrams says which texts the search index, made with the extension pg_trgm, can
// find.
type trigrams struct {
	there bool
	wide  bool // also letters beyond ASCII
}

// findTrigrams looks for the index. It names the schema of the extension, because the
// search path is empty.
func findTrigrams(c *conn, schema string) (t trigrams, err error) {
	valid, err := c.value(`SELECT i.indisvalid FROM pg_index AS i
		WHERE i.indexrelid = to_regclass(` + literal(quoted(schema)+".tasks_search") + `)`)
	if err != nil || valid != "t" {
		return t, err
	}
	t.there = true
	home, err := c.value(`SELECT quote_ident(n.nspname) FROM pg_extension AS e
		JOIN pg_namespace AS n ON n.oid = e.extnamespace WHERE extname = 'pg_trgm'`)
	if err != nil || home == "" {
		return t, err
	}
	wide, err := c.value(`SELECT ` + home + `.show_trgm('ñandú') <> ` + home + `.show_trgm('and')`)
	t.wide = wide == "t"
	return t, err
}

// usable reports whether the index can find a text with this key.
func (t trigrams) usable(key string) bool {
	if !t.there {
		return false
	}
	run := 0
	for _, r := range key {
		if (r < utf8.RuneSelf || t.wide) && (unicode.IsLetter(r) || unicode.IsDigit(r)) {
			if run++; run == gramSize {
				return true
			}
		} else {
			run = 0
		}
	}
	return false
}

// search reads a page of the tasks that contain a text, from one snapshot.
func (s *Store) search(c *conn, q task.Query, before int64) (task.RecordPage, error) {
	if strings.Contains(q.Contains, "\x00") { // no task contains it, and the server does not accept it
		var at stand
		err := at.check(c.do(s.sql.bounds.reading(func(r row) error { at.from(r); return nil })))
		return task.RecordPage{Position: at.head}, err
	}
	useIndex := s.trigrams.usable(searchtext.Key(q.Contains))
	page, err := s.searchSnapshot(c, q, before, useIndex)
	if useIndex && tookTooLong(err) {
		page, err = s.searchSnapshot(c, q, before, false)
	}
	return page, err
}

// searchSnapshot is search in a transaction of its own.
func (s *Store) searchSnapshot(c *conn, q task.Query, before int64, useIndex bool) (task.RecordPage, error) {
	key := searchtext.Key(q.Contains)
	f := &finder{
		store: s, conn: c, query: q, key: key, pattern: likePattern(key),
		tasks: maxSearchTasks, bytes: maxSearchBytes, deadline: time.Now().Add(maxSearchTime),
	}
	err := c.do(s.sql.snapshot.with())
	if err == nil && useIndex {
		err = f.searchIndexed(before)
	} else if err == nil {
		err = f.scan(before)
	}
	if err == nil {
		err = c.do(s.sql.commit.with())
	} else if !c.pg.IsClosed() && c.pg.TxStatus() != 'I' {
		err = errors.Join(err, c.do(s.sql.rollback.with()))
	}
	f.page.Position = f.at.head
	return f.page, err
}

// tookTooLong reports whether the server ended a statement at its timeout.
func tookTooLong(err error) bool {
	var refused *pgconn.PgError
	return errors.As(err, &refused) && refused.Code == "57014"
}

// finder fills one page.
type finder struct {
	store   *Store
	conn    *conn
	query   task.Query
	key     string // the text to search for
	pattern string // key as a pattern of LIKE

	at   stand
	page task.RecordPage
	size int   // of the page, in bytes
	last int64 // key of the last task that was added or rejected
	low  int64 // the newest task that is not compared yet; 0: all are

	// The result of the last statement.
	matches int64 // rows that it returned
	sent    int64 // their size in bytes

	// The remaining budget for comparing without the index.
	tasks, bytes int64
	deadline     time.Time
}

// searchIndexed compares the newest tasks first, and uses the index if they do not fill
// the page.
func (f *finder) searchIndexed(before int64) error {
	if err := f.step(before); err != nil || f.full() || f.low == 0 {
		return err
	}
	if f.matches < commonMatches {
		if complete, err := f.ask(f.low + 1); complete || err != nil {
			return err
		}
	}
	return f.scan(f.low + 1)
}

// scan compares tasks older than before, step by step, until the page is full or the
// budget is used up.
func (f *finder) scan(before int64) error {
	for {
		err := f.step(before)
		if err != nil || f.full() || f.low == 0 || f.tasks <= 0 || f.bytes <= 0 || time.Now().After(f.deadline) {
			return err
		}
		before = f.low + 1
	}
}

// step compares the next tasks older than before, and adds those that match.
func (f *finder) step(before int64) error {
	f.page.Next, f.matches, f.sent = "", 0, 0
	room, looked, size := f.room(), min(f.tasks, stepTasks), int64(0)
	err := f.at.check(f.conn.do(f.store.sql.searchWindow.reading(func(r row) error {
		f.at.from(r)
		f.low, size = r.int(3), r.int(4)
		if r.null(5) {
			return nil // no task in the joined row
		}
		return f.add(r, 5)
	}, before, looked, f.pattern, f.anyState(), f.state(), room, maxSent, min(f.bytes, stepBytes))))
	f.tasks -= looked
	f.bytes -= size
	if err != nil || f.page.Next != "" {
		return err
	}
	if f.cutShort(room) {
		f.low = f.last - 1
	}
	if f.low > 0 {
		f.page.Next = task.FormatCursor(f.low + 1)
	}
	return nil
}

// cutShort reports whether the last statement may have left out matches, because it
// reached its limit of rows or bytes.
func (f *finder) cutShort(room int64) bool { return f.matches == room || f.sent >= maxSent }

// ask finds the tasks older than before with the index. complete says that there were
// few enough to know which are the newest.
func (f *finder) ask(before int64) (complete bool, err error) {
	found, room := int64(0), f.room()
	next, records := f.page.Next, f.page.Records
	f.page.Next, f.matches, f.sent = "", 0, 0
	err = f.conn.do(f.store.sql.localTimeout.with(milliseconds(maxIndexTime)),
		f.store.sql.searchIndex.reading(func(r row) error {
			if found = r.int(0); found > maxMatches {
				return nil
			}
			return f.add(r, 1)
		}, f.pattern, before, f.anyState(), f.state(), int64(maxMatches)+1, room, maxSent),
		f.store.sql.localTimeout.with(milliseconds(f.conn.timeout)))
	switch {
	case err != nil:
		return false, err
	case found > maxMatches:
		f.page.Next, f.page.Records = next, records
		return false, nil
	case f.page.Next == "" && f.cutShort(room):
		f.page.Next = task.FormatCursor(f.last)
	}
	return true, nil
}

// milliseconds formats a duration as a setting of the server.
func milliseconds(d time.Duration) string { return strconv.FormatInt(d.Milliseconds(), 10) }

// room is the number of tasks that the page still needs, plus one that shows whether
// there are more.
func (f *finder) room() int64 { return int64(f.query.Limit-len(f.page.Records)) + 1 }

func (f *finder) anyState() bool { return f.query.Completed == nil }

func (f *finder) state() bool { return f.query.Completed != nil && *f.query.Completed }

// add adds the task of a row whose columns from i are key, version and task.
func (f *finder) add(r row, i int) error {
	record := task.Record{Version: uint64(r.int(i + 1)), JSON: bytes.Clone(r.bytes(i + 2))}
	f.matches++
	f.sent += int64(len(record.JSON))
	if f.full() {
		f.page.Next = task.FormatCursor(f.last)
		return nil
	}
	f.last = r.int(i)
	t, err := record.Task()
	if err == nil && searchtext.Contains(&t, f.key) {
		f.page.Records = append(f.page.Records, record)
		f.size += len(record.JSON)
	}
	return err
}

// full reports whether the page has no room for another task.
func (f *finder) full() bool {
	return len(f.page.Records) == f.query.Limit || f.size >= task.MaxPageBytes
}

// likePattern is the pattern of LIKE for texts that contain s.
func likePattern(s string) string {
	return "%" + strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(s) + "%"
}
