package postgres

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

// conn is one connection, used by one goroutine at a time. It speaks PostgreSQL's
// protocol through pgconn, without pgx's own type map and pool, which would add
// four megabytes to the program for the few types that are used here.
type conn struct {
	pg       *pgconn.PgConn
	server   identity
	prepared map[*statement]*pgconn.StatementDescription
	timeout  time.Duration // of one round trip
	released time.Time     // when it was last returned to the pool
	warned   *pgconn.Notice
	pooled   bool // a pooler, and not the server, has answered the connection
	trips    *counter
}

// statement is a SQL text. Each connection prepares it before its first use.
type statement struct {
	name, sql string
	planned   bool // never prepared, because the best plan depends on the arguments
}

// call is one use of a statement.
type call struct {
	*statement
	args []any
	read func(row) error // called with every row; nil: rows are ignored
}

// with is a call whose rows are ignored.
func (s *statement) with(args ...any) call { return call{statement: s, args: args} }

// reading is a call that passes every row to read.
func (s *statement) reading(read func(row) error, args ...any) call {
	return call{statement: s, args: args, read: read}
}

// grace is how much longer than the server's statement timeout a round trip may take
// before the connection counts as broken.
const grace = time.Second

// do makes calls in one round trip. Outside of an explicit transaction they form one
// transaction, in which each call sees the commits before its own start.
func (c *conn) do(calls ...call) error {
	if c.pg.IsClosed() {
		return errNotSent
	}
	if err := c.prepare(calls...); err != nil {
		return err
	}
	var batch pgconn.Batch
	for _, call := range calls {
		values, err := encodeArgs(call.args)
		if err != nil {
			return err
		}
		if call.planned {
			batch.ExecParams(call.sql, values, nil, binaryFormat(), binaryFormat())
			continue
		}
		batch.ExecStatement(c.prepared[call.statement], values, binaryFormat(), binaryFormat())
	}
	if err := c.deadline(); err != nil {
		return err
	}
	c.trips.increment()
	results := c.pg.ExecBatch(context.Background(), &batch)
	var err error
	for i := 0; results.NextResult(); i++ {
		err = errors.Join(err, readRows(results.ResultReader(), calls[i].read))
	}
	// The transaction ends after the last statement, so Close may return an error too.
	return errors.Join(results.Close(), err)
}

func readRows(r *pgconn.ResultReader, read func(row) error) error {
	var err error
	for err == nil && r.NextRow() {
		if read != nil {
			err = read(row(r.Values()))
		}
	}
	_, closed := r.Close()
	return errors.Join(closed, err)
}

// prepare prepares the statements that are not prepared on this connection yet, in one
// round trip.
func (c *conn) prepare(calls ...call) error {
	var missing []*statement
	for _, call := range calls {
		if c.prepared[call.statement] == nil && !call.planned && !slices.Contains(missing, call.statement) {
			missing = append(missing, call.statement)
		}
	}
	if len(missing) == 0 {
		return nil
	}
	if err := c.deadline(); err != nil {
		return err
	}
	c.trips.increment()
	pipeline := c.pg.StartPipeline(context.Background())
	for _, s := range missing {
		pipeline.SendPrepare(s.name, s.sql, nil)
	}
	err := pipeline.Sync()
	for i := 0; err == nil && i < len(missing); i++ {
		var result any
		if result, err = pipeline.GetResults(); err == nil {
			description, ok := result.(*pgconn.StatementDescription)
			if !ok {
				err = fmt.Errorf("prepare %s: unexpected answer %T", missing[i].name, result)
				break
			}
			description.Name = missing[i].name
			c.prepared[missing[i]] = description
		}
	}
	return errors.Join(err, pipeline.Close())
}

// exec runs SQL of several statements, without parameters and results.
func (c *conn) exec(sql string) error {
	if err := c.deadline(); err != nil {
		return err
	}
	c.trips.increment()
	return c.pg.Exec(context.Background(), sql).Close()
}

// deadline bounds the next round trip. It is a deadline of the connection, because
// watching a context would need a goroutine per round trip.
func (c *conn) deadline() error { return c.pg.Conn().SetDeadline(time.Now().Add(c.timeout + grace)) }

// broken reports whether the connection is no longer usable.
func (c *conn) broken() bool { return c.pg.IsClosed() || c.pg.TxStatus() != 'I' }

func (c *conn) close() error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	return c.pg.Close(ctx)
}

// row is a row as the server sends it, valid until the next one is read. A NULL
// reads as the zero value.
type row [][]byte

func (r row) null(i int) bool    { return r[i] == nil }
func (r row) bytes(i int) []byte { return r[i] }
func (r row) text(i int) string  { return string(r[i]) }
func (r row) bool(i int) bool    { return len(r[i]) == 1 && r[i][0] != 0 }
func (r row) int(i int) int64 {
	switch len(r[i]) {
	case 8:
		return int64(binary.BigEndian.Uint64(r[i]))
	case 4:
		return int64(int32(binary.BigEndian.Uint32(r[i])))
	}
	return 0
}

func binaryFormat() []int16 { return []int16{1} }
