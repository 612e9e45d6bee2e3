package postgres

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"taskctl/pkg/task"
)

const (
	// exportPage and exportBytes bound what an export holds in memory.
	exportPage, exportBytes = 1000, 1 << 20
	// maxImportPause is how long an import may wait for its next tasks. Meanwhile it
	// holds the row lock, and other writes wait.
	maxImportPause = 30 * time.Second
)

// Export calls write with every task, from one snapshot, in the order of creation.
func Export(ctx context.Context, o Options, write func(task.Record) error) (err error) {
	t, err := openForTransfer(ctx, o)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, t.conn.close()) }()
	switch version, err := schemaVersion(t.conn, t.options.Schema); {
	case err != nil:
		return t.connector.serverError(err)
	case version == 0:
		return ErrNoSchema
	}
	// It reads only, so nobody waits for it, however slowly its caller writes.
	if err := t.conn.exec("SET statement_timeout = 0; SET idle_in_transaction_session_timeout = 0"); err != nil {
		return err
	}
	if err := t.conn.do(t.sql.snapshot.with()); err != nil {
		return err
	}
	for after := int64(0); ; {
		var page []task.Record
		err := t.conn.do(t.sql.export.reading(func(r row) error {
			after = r.int(0)
			page = append(page, task.Record{Version: uint64(r.int(1)), JSON: bytes.Clone(r.bytes(2))})
			return nil
		}, after, int64(exportPage), int64(exportBytes)))
		if err != nil || len(page) == 0 {
			return err
		}
		for _, record := range page {
			if err := errors.Join(write(record), ctx.Err()); err != nil {
				return err
			}
		}
	}
}

// ErrNoSchema means that no taskctl has used the database yet.
var ErrNoSchema = errors.New("the schema does not exist")

// transfer is the connection of an export or import.
type transfer struct {
	connector *connector
	conn      *conn
	sql       *statements
	options   Options
}

func openForTransfer(ctx context.Context, o Options) (*transfer, error) {
	o = o.withDefaults()
	connector, err := newConnector(o)
	if err != nil {
		return nil, err
	}
	c, err := connector.connectFirst(ctx)
	if err != nil {
		return nil, err
	}
	c.timeout = time.Hour // of one statement, which may wait for other imports
	return &transfer{connector, c, newStatements(o.Schema), o}, nil
}

// Import puts tasks into a database in one transaction: all of them or none. Other
// writers wait meanwhile.
type Import struct {
	*transfer
	tx *transaction
}

// BeginImport begins an import. It creates or migrates the schema if necessary.
func BeginImport(ctx context.Context, o Options) (*Import, error) {
	t, err := openForTransfer(ctx, o)
	if err != nil {
		return nil, err
	}
	i := &Import{t, newTransaction(t.sql, time.Now().UTC().Truncate(time.Millisecond), nil)}
	if err := i.begin(); err != nil {
		return nil, errors.Join(t.connector.serverError(err), t.conn.close())
	}
	return i, nil
}

func (i *Import) begin() error {
	if err := ensure(i.conn, i.options); err != nil {
		return err
	}
	if err := i.conn.identify(i.options.Schema); err != nil {
		return err
	}
	if err := newWriter(i.connector, i.sql, func() {}).settleEpoch(i.conn); err != nil {
		return err
	}
	limits := fmt.Sprintf("SET statement_timeout = 0; SET idle_in_transaction_session_timeout = %d", maxImportPause.Milliseconds())
	if err := i.conn.exec(limits); err != nil {
		return err
	}
	i.tx.tasks, i.tx.answers = map[string]*stored{}, map[string]answer{}
	return i.tx.read(i.conn)
}

// Put creates or replaces tasks, keeping their ids and times.
func (i *Import) Put(_ context.Context, tasks []task.Task) ([]task.ImportResult, error) {
	ids := make([]string, 0, len(tasks))
	for _, t := range tasks {
		ids = append(ids, t.ID)
	}
	i.tx.tasks, i.tx.events, i.tx.ns = map[string]*stored{}, nil, nil
	if err := i.conn.do(i.sql.tasksByID.reading(i.tx.found, ids)); err != nil {
		return nil, err
	}
	results := make([]task.ImportResult, 0, len(tasks))
	for _, t := range tasks {
		results = append(results, i.put(t))
	}
	if calls := i.tx.changes(); len(calls) > 0 {
		return results, i.conn.do(calls...)
	}
	return results, nil
}

func (i *Import) put(t task.Task) task.ImportResult {
	s := i.tx.tasks[t.ID]
	var before *task.Task
	if s != nil {
		before = &s.task
	}
	o, result := task.Imported(t, before, i.tx.now)
	if !o.Changed {
		return result
	}
	if s == nil {
		s = &stored{newN: int64(i.tx.head.Seq) + 1}
		i.tx.tasks[t.ID] = s
	}
	i.tx.put(s, o)
	return result
}

// Commit commits the import durably. After an error it may be committed all the same;
// repeating an import changes nothing.
func (i *Import) Commit(context.Context) error {
	i.conn.warned = nil
	if err := i.conn.do(i.sql.commit.with()); err != nil {
		return err
	}
	return i.tx.replicated(i.conn)
}

// Close rolls back an import that was not committed.
func (i *Import) Close() error { return i.conn.close() }
