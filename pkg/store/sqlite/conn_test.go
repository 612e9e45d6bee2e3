package sqlite

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	sqlite3 "modernc.org/sqlite/lib"
)

func testConn(t testing.TB) *conn {
	t.Helper()
	c, err := connect(t.Context(), filepath.Join(t.TempDir(), "file?mode=memory#%41.db"), readWrite)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	return c
}

// TestStatement binds and reads back values of every type and size, in an order
// in which the memory of one would be overwritten by the next if it could.
func TestStatement(t *testing.T) {
	c := testConn(t)
	ctx := context.Background()
	if err := c.exec(ctx, "CREATE TABLE v (n INTEGER PRIMARY KEY, i, b, t, x); CREATE TABLE w (x)"); err != nil {
		t.Fatal(err)
	}
	var add, get *stmt
	err := c.prepare(ctx, map[**stmt]string{
		&add: "INSERT INTO v VALUES (?1, ?2, ?3, ?4, ?5)",
		&get: "SELECT i, b, t, x, typeof(t), typeof(x), NULL FROM v WHERE n = ?1",
	})
	if err != nil {
		t.Fatal(err)
	}
	sizes := []int{0, 1, 511, 512, keepBound - 1, keepBound + 1, 3, 1 << 20, 0, 7}
	text := func(size int) string { return strings.Repeat("é", size/2) + strings.Repeat("\x00", size%2) }
	for n, size := range sizes {
		if err := add.exec(ctx, int64(n), int64(size)-1, size%2 == 0, text(size), []byte(text(size))); err != nil {
			t.Fatal(err)
		}
	}
	for n, size := range sizes {
		found, err := get.first(ctx, func(r row) error {
			if r.int(0) != int64(size)-1 || r.int(1) != int64(1-size%2) || r.text(2) != text(size) ||
				!bytes.Equal(r.bytes(3), []byte(text(size))) || r.text(4) != "text" || r.text(5) != "blob" {
				t.Errorf("value %d of %d bytes is another: %d %d %q %s %s", n, size, r.int(0), r.int(1), r.text(2), r.text(4), r.text(5))
			}
			if r.int(6) != 0 || r.text(6) != "" || r.bytes(6) != nil {
				t.Error("NULL is not the zero value")
			}
			return nil
		}, int64(n))
		if !found || err != nil {
			t.Errorf("value %d: %v, %v", n, found, err)
		}
	}
	if found, err := get.first(ctx, func(row) error { return errors.New("read") }, int64(-1)); found || err != nil {
		t.Errorf("no row: %v, %v", found, err)
	}
	for name, args := range map[string][]any{
		"too few": {}, "too many": {int64(1), int64(2)}, "a type of its own": {time.Now()},
	} {
		if err := get.exec(ctx, args...); !errors.Is(err, errArguments) {
			t.Errorf("%s: %v", name, err)
		}
	}
	err = add.exec(ctx, int64(1), int64(0), false, "", []byte{})
	if code(err) != sqlite3.SQLITE_CONSTRAINT || !strings.Contains(err.Error(), "v.n") {
		t.Errorf("a key that is taken: %v", err)
	}
	if err := c.exec(ctx, "SELECT\nnothing"); err == nil || !strings.HasPrefix(err.Error(), "SELECT: ") {
		t.Errorf("a wrong statement: %v", err)
	}
}

// TestQueryInterrupted ends a query that finds nothing for ever.
func TestQueryInterrupted(t *testing.T) {
	c := testConn(t)
	const endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n WHERE i < 0"
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if _, err := c.first(ctx, endless, func(row) error { return nil }); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a query without rows: %v", err)
	}
	ctx, cancel = context.WithCancel(t.Context())
	rows := 0
	_, err := c.first(ctx, "SELECT 1", func(row) error { cancel(); return nil })
	if err != nil {
		t.Errorf("a query that ended with its context: %v", err)
	}
	if err := c.exec(ctx, "SELECT 1"); !errors.Is(err, context.Canceled) {
		t.Errorf("a context that had ended: %v", err)
	}
	if _, err := c.first(t.Context(), "SELECT 1", func(row) error { rows++; return nil }); err != nil || rows != 1 {
		t.Errorf("the next query: %d rows, %v", rows, err)
	}
}

// misses is how many pages the connection has had to read from the file.
func misses(t *testing.T, c *conn) uint32 {
	t.Helper()
	var both uintptr // now in the lower half, the most in the upper
	rc := c.out(&both, func(at uintptr) int32 {
		return sqlite3.Xsqlite3_db_status(c.tls, c.db, sqlite3.SQLITE_DBSTATUS_CACHE_MISS, at, at+4, 0)
	})
	if err := c.failure(rc); err != nil {
		t.Fatal(err)
	}
	return uint32(both)
}

// TestScansLeaveOthersTheirPages: what a connection reads again and again stays
// in memory, however much the others read in passing.
func TestScansLeaveOthersTheirPages(t *testing.T) {
	path := filepath.Join(t.TempDir(), "tasks.db")
	if err := limitCaches(cacheLimit); err != nil {
		t.Fatal(err)
	}
	var conns [6]*conn
	for i := range conns {
		c, err := connect(t.Context(), path, readWrite)
		if err != nil {
			t.Fatal(err)
		}
		conns[i] = c
		t.Cleanup(func() { _ = c.Close() })
	}
	run := func(c *conn, text string) {
		t.Helper()
		if err := c.exec(t.Context(), text); err != nil {
			t.Fatal(err)
		}
	}
	// Twice what all of them may keep.
	pages := 2 * cacheLimit / 4096
	run(conns[0], fmt.Sprintf(`CREATE TABLE big (n INTEGER PRIMARY KEY, x); WITH RECURSIVE c (n) AS
		(SELECT 1 UNION ALL SELECT n+1 FROM c WHERE n < %d) INSERT INTO big SELECT n, zeroblob(4000) FROM c`, pages))
	own := conns[len(conns)-1]
	for _, scanner := range conns[:len(conns)-1] {
		run(scanner, "SELECT count(x) FROM big WHERE length(x) > 1")
		run(conns[0], fmt.Sprintf("SELECT count(x) FROM big WHERE length(x) > 1 AND n < %d", pages/4))
	}
	run(own, "SELECT x FROM big WHERE n = 7")
	before := misses(t, own)
	run(own, "SELECT x FROM big WHERE n = 7")
	if again := misses(t, own) - before; again > 0 || before == 0 {
		t.Errorf("%d pages read, and then %d again", before, again)
	}
	tls := conns[0].tls
	if used := sqlite3.Xsqlite3_memory_used(tls); used > cacheLimit+cacheLimit/4 || used < cacheLimit/4 {
		t.Errorf("%d bytes in use, with a limit of %d", used, cacheLimit)
	}
}
