package sqlite

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strconv"
	"unsafe"

	"modernc.org/libc"
	"modernc.org/libc/sys/types"
	sqlite3 "modernc.org/sqlite/lib"
)

// counters are the two checkpoint counters of a database, as they are in the file
// itself, without the WAL. In the file they never go down, unless the file is
// overwritten with an older copy.
//
// They hold consecutive numbers, one the even and one the odd ones. The first write
// after the higher number has reached the file replaces the lower one. So each
// checkpoint brings one counter to the file, and an overwritten file is behind in
// the other, even where a checkpoint runs at the same time.
type counters struct {
	conn     *conn
	file     uintptr // SQLite's handle of the file
	page     uintptr // memory for one page
	pageSize int
	counters [2]counter
}

// counter is one counter: its place in the file and its last values.
type counter struct {
	offset  int64  // of its page in the file
	mark    []byte // the beginning of its text
	logical int64  // its value including the WAL, when it was opened
	inFile  int64  // the value last seen in the file; -1: it was not there yet
}

// counterDigits is the length of a number in the text of a counter.
const counterDigits = 20

// openCounters finds the counters of the database that c has open. c must not be
// used for anything else at the same time as they are.
func openCounters(ctx context.Context, c *conn) (*counters, error) {
	k := &counters{conn: c}
	_, err := c.first(ctx, `SELECT page_size, e.mark, (SELECT rootpage FROM sqlite_schema WHERE name = 'even_checkpoints'),
		o.mark, (SELECT rootpage FROM sqlite_schema WHERE name = 'odd_checkpoints')
		FROM pragma_page_size, even_checkpoints AS e, odd_checkpoints AS o`, func(r row) (err error) {
		k.pageSize = int(r.int(0))
		for i := range k.counters {
			if k.counters[i], err = parseCounter(r.text(1 + 2*i)); err != nil {
				return err
			}
			k.counters[i].offset = (r.int(2+2*i) - 1) * int64(k.pageSize)
		}
		return nil
	})
	if err == nil && k.pageSize == 0 {
		err = errNoCounters
	}
	if err == nil {
		err = k.openFile()
	}
	if err != nil {
		return nil, fmt.Errorf("read checkpoint counters: %w", err)
	}
	return k, nil
}

// errNoCounters means that the tables of the counters are empty.
var errNoCounters = errors.New("the database has no checkpoint counters")

func parseCounter(text string) (counter, error) {
	n := len(text) - counterDigits
	if n <= 0 {
		return counter{}, errNoCounters
	}
	value, err := strconv.ParseInt(text[n:], 10, 64)
	return counter{mark: []byte(text[:n]), logical: value, inFile: -1}, err
}

func (k *counters) openFile() error {
	c := k.conn
	name, err := libc.CString("main")
	if err != nil {
		return err
	}
	defer libc.Xfree(c.tls, name)
	rc := c.out(&k.file, func(at uintptr) int32 {
		return sqlite3.Xsqlite3_file_control(c.tls, c.db, name, sqlite3.SQLITE_FCNTL_FILE_POINTER, at)
	})
	if err := c.failure(rc); err != nil {
		return err
	}
	if k.page = libc.Xmalloc(c.tls, types.Size_t(k.pageSize)); k.page == 0 {
		return c.failure(sqlite3.SQLITE_NOMEM)
	}
	return nil
}

func (k *counters) close() {
	if k != nil {
		libc.Xfree(k.conn.tls, k.page)
	}
}

// read reads the counters in the file, and reports whether they are as before or
// higher. A file that cannot be read is left to those that read it for its content.
func (k *counters) read() (ahead bool) {
	for i := range k.counters {
		c := &k.counters[i]
		value, err := k.readPage(c)
		if err != nil {
			continue
		}
		if value < c.inFile {
			return false
		}
		c.inFile = value
	}
	return true
}

// readPage returns the value of a counter in the file, -1 where it is not there.
//
// It reads with SQLite's own handle: closing another descriptor of the file would
// drop every lock that the process has on it.
func (k *counters) readPage(c *counter) (int64, error) {
	methods := (*sqlite3.Tsqlite3_io_methods)(pointer((*sqlite3.Tsqlite3_file)(pointer(k.file)).FpMethods))
	read := *(*func(*libc.TLS, uintptr, uintptr, int32, int64) int32)(unsafe.Pointer(&struct{ uintptr }{methods.FxRead}))
	switch rc := read(k.conn.tls, k.file, k.page, int32(k.pageSize), c.offset); rc {
	case sqlite3.SQLITE_OK, sqlite3.SQLITE_IOERR_SHORT_READ:
	default:
		return 0, &libError{code: rc, text: "read the database file"}
	}
	_, rest, found := bytes.Cut(memory(k.page, k.pageSize), c.mark)
	if !found || len(rest) < counterDigits {
		return -1, nil
	}
	value, err := strconv.ParseInt(string(rest[:counterDigits]), 10, 64)
	if err != nil {
		return -1, nil //nolint:nilerr // the page holds no counter
	}
	return value, nil
}

// agree reports whether the file fits the WAL beside it: the WAL is at most one
// step ahead, in one counter.
func (k *counters) agree() bool {
	if !k.read() {
		return false
	}
	ahead := 0
	for _, c := range k.counters {
		switch {
		case c.inFile == -1 && c.logical <= 1: // the tables have not reached the file yet
		case c.logical == c.inFile+2:
			ahead++
		case c.logical > c.inFile: // lower: another process has written since
			return false
		}
	}
	return ahead <= 1
}

// next returns the number that the next write has to store; 0: none. An even number
// belongs to the even counter.
func (k *counters) next() int64 {
	highest := max(k.counters[0].inFile, k.counters[1].inFile)
	if min(k.counters[0].inFile, k.counters[1].inFile) < 0 {
		return 0
	}
	return highest + 1
}

// pointer is SQLite's memory at p.
func pointer(p uintptr) unsafe.Pointer { return *(*unsafe.Pointer)(unsafe.Pointer(&p)) }

// countersAgree reports whether the file of the database that c has open fits the WAL
// beside it.
func countersAgree(ctx context.Context, c *conn) (bool, error) {
	k, err := openCounters(ctx, c)
	if err != nil {
		return false, err
	}
	defer k.close()
	return k.agree(), nil
}

// renameCounters gives the counters of a copy other names: a file that the copy is
// written over has other pages, even if it is no newer.
func renameCounters(ctx context.Context, path string) error {
	c, err := connectToWrite(ctx, path)
	if err != nil {
		return err
	}
	var version int64
	if version, err = userVersion(ctx, c); err == nil && version >= countersVersion {
		err = c.exec(ctx, `UPDATE even_checkpoints SET mark = 'even-' || lower(hex(randomblob(8))) || substr(mark, -20);
			UPDATE odd_checkpoints SET mark = 'odd-' || lower(hex(randomblob(8))) || substr(mark, -20)`)
	}
	return errors.Join(err, c.Close())
}

// countersVersion is the first version of the database that has the counters.
const countersVersion = 2
