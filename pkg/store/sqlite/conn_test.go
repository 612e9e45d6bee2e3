package sqlite

import (
	"testing"

	sqlite3 "modernc.org/sqlite/lib"

	"taskctl/pkg/task"
)

func TestStatementsKeepTheirPlans(t *testing.T) {
	s := open(t, Options{})
	fill(t, s, 100)
	for i := range 20 {
		if _, _, err := s.Read(t.Context(), task.Position{Seq: uint64(i)}, 1+i); err != nil {
			t.Fatal(err)
		}
	}
	err := s.pages.use(t.Context(), "look at a statement", func(r *reader) error {
		again := sqlite3.Xsqlite3_stmt_status(r.conn.tls, r.events.stmt, sqlite3.SQLITE_STMTSTATUS_REPREPARE, 0)
		if again != 0 {
			t.Errorf("a statement was planned %d times more for 20 values of its parameters", again)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestCommitsAreSynced holds the two settings with which SQLite syncs the log of its
// changes before a commit returns.
func TestCommitsAreSynced(t *testing.T) {
	s := open(t, Options{})
	fill(t, s, 1)
	c := s.writer.conn
	for pragma, want := range map[string]string{"synchronous": "2", "journal_mode": "wal"} { // 2 is FULL
		found, err := c.first(t.Context(), "PRAGMA "+pragma, func(r row) error {
			if got := r.text(0); got != want {
				t.Errorf("%s is %s, want %s", pragma, got, want)
			}
			return nil
		})
		if err != nil || !found {
			t.Fatal(found, err)
		}
	}
}
