package sqlite

import (
	"context"
	"errors"
	"os"

	"taskctl/pkg/task"
)

// Export calls write with every task of the database at path, from one snapshot, in the
// order of creation. The record is valid during the call.
func Export(ctx context.Context, path string, write func(task.Record) error) (err error) {
	if _, err := os.Stat(path); err != nil {
		return fileError(path, err)
	}
	c, err := connect(ctx, path, readWrite, "query_only = 1")
	if err != nil {
		return fileError(path, err)
	}
	defer func() { err = errors.Join(err, c.Close()) }()
	if err := checkOurs(ctx, c, path); err != nil {
		return fileError(path, err)
	}
	s, err := c.statement(ctx, `SELECT `+taskColumns+` FROM tasks ORDER BY n`)
	if err != nil {
		return fileError(path, err)
	}
	err = s.query(ctx, func(r row) error {
		_, record := readTask(r)
		return write(record)
	})
	return errors.Join(err, s.Close())
}

// Import puts tasks into a database in one transaction: all of them or none. Other
// writers wait meanwhile.
type Import struct {
	conn *conn
	tx   *transaction
}

// BeginImport begins an import into the database at path, which is created if missing.
func BeginImport(ctx context.Context, o Options) (*Import, error) {
	o = o.withDefaults()
	if err := ensure(ctx, o.Path, o.Logger); err != nil {
		return nil, err
	}
	c, err := connectToWrite(ctx, o.Path)
	if err != nil {
		return nil, fileError(o.Path, err)
	}
	i := &Import{conn: c}
	if i.tx, err = newTransaction(ctx, c, o.Now); err == nil {
		c.disableBusyTimeout()
		err = retryBusy(ctx, func() error { return c.exec(ctx, "BEGIN IMMEDIATE") })
	}
	if err == nil {
		err = i.tx.start(ctx)
	}
	if err != nil {
		return nil, fileError(o.Path, errors.Join(err, c.Close()))
	}
	return i, nil
}

// Put creates or replaces tasks, keeping their ids and times.
func (i *Import) Put(ctx context.Context, tasks []task.Task) ([]task.ImportResult, error) {
	results := make([]task.ImportResult, 0, len(tasks))
	for _, t := range tasks {
		result, err := i.put(ctx, t)
		if err != nil {
			return nil, err
		}
		results = append(results, result)
	}
	return results, nil
}

func (i *Import) put(ctx context.Context, t task.Task) (task.ImportResult, error) {
	i.tx.events = nil // not published here
	n, record, err := i.tx.get(ctx, t.ID)
	if err != nil {
		return 0, err
	}
	var before *task.Task
	if n != 0 {
		there, err := record.Task()
		if err != nil {
			return 0, err
		}
		before = &there
	}
	o, result := task.Imported(t, before, i.tx.time)
	if !o.Changed {
		return result, nil
	}
	o.Task.Version = i.tx.head.Seq + 1
	json, version := o.Task.Encode(), int64(o.Task.Version)
	if result == task.ImportAdded {
		n = version
		err = i.tx.addTask.exec(ctx, n, o.Task.ID, o.Task.Completed, version, json)
	} else {
		err = i.tx.setTask.exec(ctx, n, o.Task.Completed, version, json)
	}
	if err != nil {
		return 0, err
	}
	_, err = i.tx.log(ctx, n, o, json)
	return result, err
}

// Commit commits the import durably.
func (i *Import) Commit(ctx context.Context) error { return i.conn.exec(ctx, "COMMIT") }

// Close rolls back an import that was not committed.
func (i *Import) Close() error { return i.conn.Close() }
