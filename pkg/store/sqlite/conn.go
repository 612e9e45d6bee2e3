package sqlite

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"unsafe"

	"modernc.org/libc"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// conn is one connection, used by one goroutine at a time. It calls SQLite directly,
// without the database/sql driver, which asks for the name and type of every column
// with every query and locks every call: a page of a hundred tasks takes ten times as
// long with it.
type conn struct {
	tls   *libc.TLS
	db    uintptr // sqlite3*
	stmts []*stmt

	progress func(*libc.TLS, uintptr) int32 // see onProgress
}

// libError is an error of SQLite.
type libError struct {
	code int32 // the extended result code
	text string
}

func (e *libError) Error() string { return e.text }

// code returns SQLite's primary result code, or 0 if err is not one of SQLite.
func code(err error) int {
	if err == nil {
		return 0
	}
	var e *libError
	if errors.As(err, &e) {
		return int(e.code & 0xff)
	}
	return 0
}

// SQLite's memory in a process, in bytes: nearly all of it is page cache.
const (
	logCache   = 8 << 20  // only the log is read, and rarely twice
	cacheLimit = 32 << 20 // with tasks
)

// limitCaches limits the page cache of all connections together, to the largest size
// that a store in the process has requested. The limit of each connection must not be
// lower: all share one list of recently used pages, and a connection that has reached
// its own limit evicts the pages of the others.
func limitCaches(bytes int64) error {
	if err := measureMemory(); err != nil {
		return err
	}
	limitMu.Lock()
	defer limitMu.Unlock()
	tls := libc.NewTLS()
	defer tls.Close()
	if sqlite3.Xsqlite3_soft_heap_limit64(tls, -1) < bytes {
		sqlite3.Xsqlite3_soft_heap_limit64(tls, bytes)
	}
	return nil
}

var limitMu sync.Mutex

// measureMemory turns on SQLite's memory statistics, without which it has no limit. It
// must be called before anything is opened.
var measureMemory = sync.OnceValue(func() error {
	tls := libc.NewTLS()
	defer tls.Close()
	on := libc.NewVaList(int32(1))
	defer libc.Xfree(tls, on)
	if rc := sqlite3.Xsqlite3_config(tls, sqlite3.SQLITE_CONFIG_MEMSTATUS, on); rc != sqlite3.SQLITE_OK {
		return fmt.Errorf("have SQLite count its memory: result code %d", rc)
	}
	return nil
})

const (
	readWrite = sqlite3.SQLITE_OPEN_READWRITE | sqlite3.SQLITE_OPEN_CREATE
	readOnly  = sqlite3.SQLITE_OPEN_READONLY
)

// connect opens the file at the absolute path with the pragmas of every
// connection and those given. No two goroutines call one connection at once,
// so SQLite need not lock it.
func connect(ctx context.Context, path string, access int32, pragmas ...string) (*conn, error) {
	// A commit with fdatasync(2) is as durable and takes a third less time. Systems
	// without that call use fsync.
	if _, err := sqlite.Fdatasync(true); err != nil && !errors.Is(err, sqlite.ErrFdatasyncUnavailable) {
		return nil, err
	}
	if err := limitCaches(logCache); err != nil {
		return nil, err
	}
	name, err := libc.CString(path)
	if err != nil {
		return nil, err
	}
	c := &conn{tls: libc.NewTLS()}
	defer libc.Xfree(c.tls, name)
	rc := c.out(&c.db, func(db uintptr) int32 {
		return sqlite3.Xsqlite3_open_v2(c.tls, name, db, access|sqlite3.SQLITE_OPEN_NOMUTEX, 0)
	})
	if rc == sqlite3.SQLITE_OK {
		rc = sqlite3.Xsqlite3_extended_result_codes(c.tls, c.db, 1)
	}
	if rc == sqlite3.SQLITE_OK { // first, because the following may have to wait for a lock
		rc = sqlite3.Xsqlite3_busy_timeout(c.tls, c.db, int32(busyTimeout.Milliseconds()))
	}
	if rc == sqlite3.SQLITE_OK {
		rc = c.keepPlans()
	}
	err = c.failure(rc)
	for _, pragma := range append([]string{
		"synchronous = FULL", // NORMAL does not sync at commit (I3)
		"temp_store = MEMORY",
		fmt.Sprintf("cache_size = -%d", cacheLimit>>10),
	}, pragmas...) {
		if err == nil {
			err = c.exec(ctx, "PRAGMA "+pragma)
		}
	}
	if err != nil {
		return nil, errors.Join(err, c.Close())
	}
	return c, nil
}

// keepPlans makes SQLite plan statements without looking at the values of their
// parameters. By default it parses and plans a statement again for each new value of
// its LIMIT, which costs more than reading a few rows.
func (c *conn) keepPlans() int32 {
	on := libc.NewVaList(int32(1), uintptr(0))
	defer libc.Xfree(c.tls, on)
	return sqlite3.Xsqlite3_db_config(c.tls, c.db, sqlite3.SQLITE_DBCONFIG_ENABLE_QPSG, on)
}

// disableBusyTimeout leaves waiting for another process's lock to retryBusy. It is the
// last step of the setup, because every earlier step may have to wait.
func (c *conn) disableBusyTimeout() {
	sqlite3.Xsqlite3_busy_timeout(c.tls, c.db, 0)
}

// onProgress has do called often while a statement runs: after every 1,000 of its
// steps, or pages that it checks.
func (c *conn) onProgress(do func()) {
	c.progress = func(*libc.TLS, uintptr) int32 { do(); return 0 }
	// SQLite keeps the address only; the field keeps the function in memory.
	sqlite3.Xsqlite3_progress_handler(c.tls, c.db, 1000, *(*uintptr)(unsafe.Pointer(&c.progress)), 0)
}

// readOnly reports whether SQLite would refuse to write to the file.
func (c *conn) readOnly() bool {
	return sqlite3.Xsqlite3_db_readonly(c.tls, c.db, 0) == 1
}

func (c *conn) Close() error {
	var errs []error
	for _, s := range c.stmts {
		errs = append(errs, s.Close())
	}
	errs = append(errs, c.failure(sqlite3.Xsqlite3_close_v2(c.tls, c.db)))
	c.tls.Close()
	return errors.Join(errs...)
}

// failure returns the error for a result code; nil for SQLITE_OK.
func (c *conn) failure(rc int32) error {
	if rc == sqlite3.SQLITE_OK {
		return nil
	}
	text := libc.GoString(sqlite3.Xsqlite3_errstr(c.tls, rc))
	// The connection's message may belong to an earlier call.
	if c.db != 0 && sqlite3.Xsqlite3_extended_errcode(c.tls, c.db)&0xff == rc&0xff {
		if more := libc.GoString(sqlite3.Xsqlite3_errmsg(c.tls, c.db)); more != text {
			text += ": " + more
		}
	}
	return &libError{code: rc, text: fmt.Sprintf("%s (%d)", text, rc)}
}

// prepare prepares a statement for each text, and stores it through the pointer.
func (c *conn) prepare(ctx context.Context, texts map[**stmt]string) error {
	for to, text := range texts {
		s, err := c.statement(ctx, text)
		if err != nil {
			return err
		}
		c.stmts = append(c.stmts, s)
		*to = s
	}
	return nil
}

// exec runs a script once; with arguments, a single statement.
func (c *conn) exec(ctx context.Context, text string, args ...any) error {
	if len(args) > 0 {
		_, err := c.first(ctx, text, func(row) error { return nil }, args...)
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	script, err := libc.CString(text)
	if err != nil {
		return err
	}
	defer libc.Xfree(c.tls, script)
	defer c.interruptAtEnd(ctx)()
	return about(text, c.failure(sqlite3.Xsqlite3_exec(c.tls, c.db, script, 0, 0, 0)))
}

// first runs a query once; see [stmt.first].
func (c *conn) first(ctx context.Context, text string, read func(row) error, args ...any) (bool, error) {
	s, err := c.statement(ctx, text)
	if err != nil {
		return false, err
	}
	found, err := s.first(ctx, read, args...)
	return found, about(text, errors.Join(err, s.Close()))
}

// about adds the first line of the statement to an error.
func about(text string, err error) error {
	if err == nil {
		return nil
	}
	text, _, _ = strings.Cut(text, "\n")
	return fmt.Errorf("%s: %w", text, err)
}

// interruptAtEnd interrupts the running statement when ctx ends, until the returned
// function is called.
func (c *conn) interruptAtEnd(ctx context.Context) (stop func()) {
	if ctx.Done() == nil {
		return func() {}
	}
	interrupted := make(chan struct{})
	cancel := context.AfterFunc(ctx, func() {
		defer close(interrupted)
		tls := libc.NewTLS() // the connection's own is in use
		defer tls.Close()
		sqlite3.Xsqlite3_interrupt(tls, c.db)
	})
	return func() {
		if !cancel() {
			<-interrupted // the connection may be closed next
		}
	}
}
