package sqlite

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net/url"
	"path/filepath"
	"strings"

	"modernc.org/sqlite"
)

// conn is one connection, used by one goroutine at a time. It speaks to the
// driver without database/sql between: the store pools its own connections, and
// a read by key costs half as much.
type conn struct {
	driver.Conn
	stmts []*stmt
}

// stmt is a prepared statement of one connection.
type stmt struct {
	driver.Stmt
	args []driver.NamedValue
	cols []driver.Value
}

// row is a result row; a NULL reads as the zero value.
type row []driver.Value

func (r row) int(i int) int64   { v, _ := r[i].(int64); return v }
func (r row) text(i int) string { v, _ := r[i].(string); return v }
func (r row) blob(i int) []byte { v, _ := r[i].([]byte); return v }

// dsn names the file at the absolute path, with the pragmas of every connection
// and those given.
func dsn(path string, more ...string) string {
	path = filepath.ToSlash(path)
	if !strings.HasPrefix(path, "/") { // C:/…
		path = "/" + path
	}
	u := url.URL{Path: path}
	query := append([]string{
		"_busy_timeout=5000",        // applied first: the next may have to wait
		"_pragma=synchronous(FULL)", // NORMAL does not sync at commit (I3)
		"_pragma=temp_store(MEMORY)",
		"_error_rc=1", // no message left over from an earlier call
	}, more...)
	return "file:" + u.EscapedPath() + "?" + strings.Join(query, "&")
}

func connect(ctx context.Context, dsn string) (*conn, error) {
	// A commit is as durable with fdatasync(2) and takes a third less time. The
	// systems that have no such call keep what they do.
	if _, err := sqlite.Fdatasync(true); err != nil && !errors.Is(err, sqlite.ErrFdatasyncUnavailable) {
		return nil, err
	}
	connector, err := sqlite.NewConnector(dsn)
	if err != nil {
		return nil, err
	}
	c, err := connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	return &conn{Conn: c}, nil
}

// leaveWaiting leaves waiting for another's lock to retryBusy. It comes last of
// what is set up: anything that reads the schema may have to wait.
func (c *conn) leaveWaiting(ctx context.Context) error {
	return c.exec(ctx, "PRAGMA busy_timeout = 0")
}

func (c *conn) Close() error {
	var errs []error
	for _, s := range c.stmts {
		errs = append(errs, s.Close())
	}
	return errors.Join(append(errs, c.Conn.Close())...)
}

// prepare makes one statement for each text, each stored where it points to.
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

func (c *conn) statement(ctx context.Context, text string) (*stmt, error) {
	s, err := c.Conn.(driver.ConnPrepareContext).PrepareContext(ctx, text)
	if err != nil {
		return nil, about(text, err)
	}
	return &stmt{Stmt: s}, nil
}

// exec runs a script once; with arguments, a single statement.
func (c *conn) exec(ctx context.Context, text string, args ...driver.Value) error {
	s, err := c.statement(ctx, text)
	if err != nil {
		return err
	}
	return about(text, errors.Join(s.exec(ctx, args...), s.Close()))
}

// first runs a query once and returns its first row.
func (c *conn) first(ctx context.Context, text string, args ...driver.Value) (row, error) {
	s, err := c.statement(ctx, text)
	if err != nil {
		return nil, err
	}
	r, err := s.first(ctx, args...)
	return r, about(text, errors.Join(err, s.Close()))
}

// about says which statement an error is of, by its first line.
func about(text string, err error) error {
	if err == nil {
		return nil
	}
	text, _, _ = strings.Cut(text, "\n")
	return fmt.Errorf("%s: %w", text, err)
}

func (s *stmt) bind(args []driver.Value) []driver.NamedValue {
	s.args = s.args[:0]
	for i, a := range args {
		s.args = append(s.args, driver.NamedValue{Ordinal: i + 1, Value: a})
	}
	return s.args
}

func (s *stmt) exec(ctx context.Context, args ...driver.Value) error {
	_, err := s.Stmt.(driver.StmtExecContext).ExecContext(ctx, s.bind(args))
	return err
}

// execCount returns the number of rows that were changed.
func (s *stmt) execCount(ctx context.Context, args ...driver.Value) (int64, error) {
	result, err := s.Stmt.(driver.StmtExecContext).ExecContext(ctx, s.bind(args))
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}

// errStop, returned to query, ends it without an error.
var errStop = errors.New("stop")

// query calls each for every row, which is valid until each returns.
func (s *stmt) query(ctx context.Context, each func(row) error, args ...driver.Value) (err error) {
	rows, err := s.Stmt.(driver.StmtQueryContext).QueryContext(ctx, s.bind(args))
	if err != nil {
		return err
	}
	defer func() {
		if closeErr := rows.Close(); err == nil {
			err = closeErr
		}
	}()
	if n := len(rows.Columns()); len(s.cols) != n {
		s.cols = make([]driver.Value, n)
	}
	for {
		switch err := rows.Next(s.cols); {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		}
		if err := each(row(s.cols)); err != nil {
			if errors.Is(err, errStop) {
				return nil
			}
			return err
		}
	}
}

// first returns the first row, which is valid until the statement runs again;
// nil where there is none.
func (s *stmt) first(ctx context.Context, args ...driver.Value) (row, error) {
	var found row
	err := s.query(ctx, func(r row) error {
		found = r
		return errStop
	}, args...)
	return found, err
}
