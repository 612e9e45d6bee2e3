package sqlite

import (
	"bytes"
	"context"
	"errors"

	"taskctl/pkg/task"
)

// reader is a read connection with its statements.
type reader struct {
	conn *conn

	begin, end       *stmt
	getTask          *stmt
	bounds, events   *stmt
	page, pageByDone *stmt
	pageByIDPart     *stmt

	// For searches and the indexer; state and byWords are nil without an index.
	state, changed, getNth, byWords *stmt
	oldTasks, newEvents             *stmt
}

func openReader(ctx context.Context, path, index string) (*reader, error) {
	c, err := connect(ctx, path, readWrite, "query_only = 1")
	if err != nil {
		return nil, err
	}
	r := &reader{conn: c}
	err = c.prepare(ctx, map[**stmt]string{
		&r.begin: "BEGIN",
		&r.end:   "COMMIT",
		// One statement sees one snapshot, so the position is that of the task, or of
		// its absence.
		&r.getTask: `SELECT ` + taskColumns + `, epoch, coalesce((SELECT max(seq) FROM events), 0)
			FROM log LEFT JOIN tasks ON id = ?1`,
		&r.bounds: `SELECT epoch, coalesce((SELECT max(seq) FROM events), 0), (SELECT min(seq) FROM events) FROM log`,
		&r.events: `SELECT seq, type, id, time, task FROM events WHERE seq > ?1 ORDER BY seq LIMIT ?2`,
		&r.page:   `SELECT ` + taskColumns + ` FROM tasks WHERE n < ?1 AND n > ?3 ORDER BY n DESC LIMIT ?2`,
		&r.pageByDone: `SELECT ` + taskColumns + ` FROM tasks
			WHERE completed = ?4 AND n < ?1 AND n > ?3 ORDER BY n DESC LIMIT ?2`,
		// The ids are read from their own index, which is small beside the tasks: a few
		// tenths of a second for a million. An index of the ends would cost every write.
		&r.pageByIDPart: `SELECT ` + taskColumns + ` FROM tasks WHERE n IN (
				SELECT n FROM tasks WHERE substr(id, -length(?1)) = ?1 OR substr(id, 1, length(?1)) = ?1)
			AND n < ?2 AND (?4 OR completed = ?5) ORDER BY n DESC LIMIT ?3`,
		&r.getNth:   `SELECT ` + taskColumns + ` FROM tasks WHERE n = ?1`,
		&r.changed:  `SELECT DISTINCT n FROM events WHERE seq > ?1 AND n < ?2 ORDER BY n DESC`,
		&r.oldTasks: `SELECT ` + taskColumns + ` FROM tasks WHERE n > ?1 AND n <= ?2 ORDER BY n LIMIT ?3`,
		&r.newEvents: `SELECT e.n, version, t.task, seq
			FROM events AS e LEFT JOIN tasks AS t ON t.n = e.n WHERE seq > ?1 ORDER BY seq LIMIT ?2`,
	})
	if err != nil {
		return nil, errors.Join(err, c.Close())
	}
	if index != "" {
		if err := r.attachIndex(ctx, index); err != nil {
			return nil, errors.Join(err, c.Close())
		}
	}
	return r, nil
}

// attachIndex makes the reader use the search index at path.
func (r *reader) attachIndex(ctx context.Context, path string) error {
	if err := r.conn.exec(ctx, "ATTACH DATABASE ?1 AS search", path); err != nil {
		return err
	}
	return r.conn.prepare(ctx, map[**stmt]string{
		&r.state: selectState + "search.state",
		&r.byWords: `SELECT ` + taskColumns + ` FROM search.grams AS g CROSS JOIN tasks ON n = g.rowid
			WHERE grams MATCH ?1 AND g.rowid < ?2 ORDER BY g.rowid DESC`,
	})
}

// Get implements task.Store.
func (s *Store) Get(ctx context.Context, id string) (record task.Record, at task.Position, err error) {
	err = s.gets.use(ctx, "get task", func(r *reader) error {
		// A query is shorter than the setup of an interrupt.
		there, err := r.getTask.first(context.WithoutCancel(ctx), func(r row) error {
			at = task.Position{Epoch: r.text(3), Seq: uint64(r.int(4))}
			if _, record = readTask(r); record.JSON == nil { // no such task
				return task.ErrNotFound
			}
			record.JSON = bytes.Clone(record.JSON)
			return nil
		}, id)
		if err == nil && !there {
			err = errNoLog
		}
		return err
	})
	return record, at, err
}
