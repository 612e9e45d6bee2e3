package postgres

import (
	"context"
	"errors"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
)

// identity identifies the server of a connection, and the history of its data.
type identity struct {
	system   string // the identifier of the cluster, created by initdb
	timeline string // of its write-ahead log; a promoted replica begins a new one
	table    string // oid of the log's table; differs after a restored dump
	version  int
	fsyncOff bool
}

// String is the form in which the log's row stores it; empty if the server does not
// tell it.
func (i identity) String() string {
	if i.system == "" {
		return ""
	}
	return i.system + "/" + i.timeline + "/" + i.table
}

// continues reports whether this server has every commit of a log whose row names the
// server kept. A replica that was promoted may lack commits, unless replication is
// known to be synchronous.
func (i identity) continues(kept string, lossless bool) bool {
	if kept == "" || i.system == "" || kept == i.String() {
		return true
	}
	parts := strings.Split(kept, "/")
	return lossless && len(parts) == 3 && parts[0] == i.system && parts[2] == i.table
}

// identify asks the server for its identity. Some services that speak PostgreSQL's
// protocol do not allow the question; their identity is empty.
func (c *conn) identify(schema string) error {
	if err := c.deadline(); err != nil {
		return err
	}
	c.trips.increment()
	results, err := c.pg.Exec(context.Background(), `SELECT system_identifier,
		substr(pg_walfile_name(pg_current_wal_insert_lsn()), 1, 8),
		coalesce(to_regclass(`+literal(quoted(schema)+".log")+`)::oid, 0)
		FROM pg_control_system()`).ReadAll()
	var refused *pgconn.PgError
	if errors.As(err, &refused) && !c.pg.IsClosed() {
		return nil
	}
	if err != nil {
		return err
	}
	r := results[0].Rows[0]
	c.server.system, c.server.timeline, c.server.table = string(r[0]), string(r[1]), string(r[2])
	return nil
}

// quoted is a name, quoted for SQL.
func quoted(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }

// literal is a text as a literal of SQL.
func literal(text string) string { return `'` + strings.ReplaceAll(text, `'`, `''`) + `'` }
