package sqlite

import (
	"context"
	"errors"
	"unsafe"

	"modernc.org/libc"
	"modernc.org/libc/sys/types"
	sqlite3 "modernc.org/sqlite/lib"
)

// stmt is a prepared statement of one connection. Its parameters are ?1, ?2, …
type stmt struct {
	*conn
	stmt   uintptr // sqlite3_stmt*
	params int

	// bound holds the bound texts and blobs until the next call of bind. It is not Go
	// memory, because SQLite computes with addresses.
	bound     uintptr
	boundSize int
}

// keepBound is the size in bytes up to which bound is reused.
const keepBound = 64 << 10

// memory returns SQLite's memory at p, which the garbage collector does not manage.
func memory(p uintptr, size int) []byte {
	return unsafe.Slice(*(**byte)(unsafe.Pointer(&p)), size)
}

// out calls a function that stores a pointer at an address, and copies that pointer
// to `to`.
func (c *conn) out(to *uintptr, call func(at uintptr) int32) int32 {
	at := libc.Xcalloc(c.tls, 1, types.Size_t(unsafe.Sizeof(*to)))
	if at == 0 {
		return sqlite3.SQLITE_NOMEM
	}
	defer libc.Xfree(c.tls, at)
	rc := call(at)
	*to = **(**uintptr)(unsafe.Pointer(&at))
	return rc
}

func (c *conn) statement(ctx context.Context, text string) (*stmt, error) {
	sql, err := libc.CString(text)
	if err != nil {
		return nil, err
	}
	defer libc.Xfree(c.tls, sql)
	defer c.interruptAtEnd(ctx)()
	s := &stmt{conn: c}
	rc := c.out(&s.stmt, func(at uintptr) int32 {
		return sqlite3.Xsqlite3_prepare_v3(c.tls, c.db, sql, -1, sqlite3.SQLITE_PREPARE_PERSISTENT, at, 0)
	})
	if err := c.failure(rc); err != nil {
		return nil, about(text, err)
	}
	s.params = int(sqlite3.Xsqlite3_bind_parameter_count(c.tls, s.stmt))
	return s, nil
}

func (s *stmt) Close() error {
	rc := sqlite3.Xsqlite3_finalize(s.tls, s.stmt)
	libc.Xfree(s.tls, s.bound)
	return s.failure(rc)
}

// errArguments is a programming error.
var errArguments = errors.New("arguments that do not fit the statement")

// bind sets the parameters to arguments of type int64, bool, string or []byte.
func (s *stmt) bind(args []any) error {
	if len(args) != s.params {
		return errArguments
	}
	size := 1 // an empty text needs an address, otherwise it is NULL
	for _, a := range args {
		switch a := a.(type) {
		case string:
			size += len(a)
		case []byte:
			size += len(a)
		}
	}
	if size > s.boundSize {
		if !s.allocate(max(size, 512)) {
			return s.failure(sqlite3.SQLITE_NOMEM)
		}
	}
	at := s.bound
	for i, a := range args {
		n := int32(i + 1)
		var rc int32
		switch a := a.(type) {
		case int64:
			rc = sqlite3.Xsqlite3_bind_int64(s.tls, s.stmt, n, a)
		case bool:
			var bit int64
			if a {
				bit = 1
			}
			rc = sqlite3.Xsqlite3_bind_int64(s.tls, s.stmt, n, bit)
		case string:
			rc = sqlite3.Xsqlite3_bind_text(s.tls, s.stmt, n, at, int32(copy(memory(at, len(a)), a)), sqlite3.SQLITE_STATIC)
			at += uintptr(len(a))
		case []byte:
			rc = sqlite3.Xsqlite3_bind_blob(s.tls, s.stmt, n, at, int32(copy(memory(at, len(a)), a)), sqlite3.SQLITE_STATIC)
			at += uintptr(len(a))
		default:
			return errArguments
		}
		if rc != sqlite3.SQLITE_OK {
			return s.failure(rc)
		}
	}
	return nil
}

// allocate allocates bound, and reports whether there was enough memory.
func (s *stmt) allocate(size int) bool {
	libc.Xfree(s.tls, s.bound)
	s.boundSize = 0
	if s.bound = libc.Xmalloc(s.tls, types.Size_t(size)); s.bound == 0 {
		return false
	}
	s.boundSize = size
	return true
}

// row is the current row of a statement, valid until its next step. A NULL reads as
// the zero value.
type row struct{ *stmt }

func (r row) int(i int) int64   { return sqlite3.Xsqlite3_column_int64(r.tls, r.stmt.stmt, int32(i)) }
func (r row) text(i int) string { return string(r.bytes(i)) }

// bytes is the column's text or blob, valid as long as the row.
func (r row) bytes(i int) []byte {
	p := sqlite3.Xsqlite3_column_blob(r.tls, r.stmt.stmt, int32(i))
	if p == 0 {
		return nil
	}
	return memory(p, int(sqlite3.Xsqlite3_column_bytes(r.tls, r.stmt.stmt, int32(i))))
}

// exec runs a statement to completion.
func (s *stmt) exec(ctx context.Context, args ...any) error {
	return s.query(ctx, func(row) error { return nil }, args...)
}

// execCount is exec, and returns the number of changed rows.
func (s *stmt) execCount(ctx context.Context, args ...any) (int64, error) {
	if err := s.exec(ctx, args...); err != nil {
		return 0, err
	}
	return int64(sqlite3.Xsqlite3_changes(s.tls, s.db)), nil
}

// first calls read with the first row, and reports whether there was one.
func (s *stmt) first(ctx context.Context, read func(row) error, args ...any) (found bool, err error) {
	err = s.query(ctx, func(r row) error {
		found = true
		if err := read(r); err != nil {
			return err
		}
		return errStop
	}, args...)
	return found, err
}

// errStop, returned by read, ends query without an error.
var errStop = errors.New("stop")

// query calls read with every row.
func (s *stmt) query(ctx context.Context, read func(row) error, args ...any) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := s.bind(args); err != nil {
		return err
	}
	err := s.steps(ctx, read)
	rc := sqlite3.Xsqlite3_reset(s.tls, s.stmt) // repeats the error of a failed step
	if s.boundSize > keepBound {
		if !s.allocate(keepBound) {
			return s.failure(sqlite3.SQLITE_NOMEM)
		}
	}
	if err == nil {
		err = s.failure(rc)
	}
	if errors.Is(err, errStop) {
		return nil
	}
	return err
}

func (s *stmt) steps(ctx context.Context, read func(row) error) error {
	if ctx.Done() != nil {
		defer s.interruptAtEnd(ctx)()
	}
	for {
		switch rc := sqlite3.Xsqlite3_step(s.tls, s.stmt); rc {
		case sqlite3.SQLITE_ROW:
			if err := read(row{s}); err != nil {
				return err
			}
		case sqlite3.SQLITE_DONE:
			return nil
		case sqlite3.SQLITE_INTERRUPT:
			return errors.Join(ctx.Err(), s.failure(rc))
		default:
			return s.failure(rc)
		}
		if err := ctx.Err(); err != nil {
			return err
		}
	}
}
