package sqlite

import (
	"bytes"
	"context"
	"errors"
	"sync/atomic"

	"github.com/taskctl/taskctl/pkg/task"
)

// reader is one connection that reads, with its statements.
type reader struct {
	conn *conn

	begin, end       *stmt
	getTask          *stmt
	bounds, events   *stmt
	page, pageByDone *stmt

	// For searching; without an index only the scan is there.
	state, changed, getNth, byWords *stmt
	oldTasks, newEvents             *stmt
}

// pool holds the readers that nobody uses.
type pool struct {
	idle    chan *reader
	closing <-chan struct{}
	lent    atomic.Int64 // how often one was lent since the indexer last looked

	index        string      // path of the search index; empty: there is none
	indexDamaged atomic.Bool // it is not asked any more
}

func openPool(ctx context.Context, o Options, index string, closing <-chan struct{}) (*pool, error) {
	p := &pool{idle: make(chan *reader, o.Readers), closing: closing, index: index}
	for range o.Readers {
		r, err := openReader(ctx, o.Path, index)
		if err != nil {
			return nil, errors.Join(err, p.closeIdle())
		}
		p.idle <- r
	}
	return p, nil
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
		// One statement is one snapshot: the position is the one the task was read at,
		// or was found missing at.
		&r.getTask: `SELECT ` + taskColumns + `, epoch, coalesce((SELECT max(seq) FROM events), 0)
			FROM log LEFT JOIN tasks ON id = ?1`,
		&r.bounds: `SELECT epoch, coalesce((SELECT max(seq) FROM events), 0), (SELECT min(seq) FROM events) FROM log`,
		&r.events: `SELECT seq, type, id, time, task FROM events WHERE seq > ?1 ORDER BY seq LIMIT ?2`,
		&r.page:   `SELECT ` + taskColumns + ` FROM tasks WHERE n < ?1 AND n > ?3 ORDER BY n DESC LIMIT ?2`,
		&r.pageByDone: `SELECT ` + taskColumns + ` FROM tasks
			WHERE completed = ?4 AND n < ?1 AND n > ?3 ORDER BY n DESC LIMIT ?2`,
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

// attachIndex lets the reader search with the index at path.
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

// indexState returns what the index covers; nothing where there is no index.
func (p *pool) indexState(ctx context.Context, r *reader) (indexState, error) {
	if r.state == nil || p.indexDamaged.Load() {
		return indexState{}, nil
	}
	return readState(ctx, r.state)
}

// use lends a reader to do. The context it hands on does not cancel: what do does
// is short, and takes no longer than to watch a context.
func (p *pool) use(ctx context.Context, verb string, do func(ctx context.Context, r *reader) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if closed(p.closing) {
		return errClosed
	}
	select {
	case r := <-p.idle:
		p.lent.Add(1)
		defer func() { p.idle <- r }()
		return readError(verb, do(context.WithoutCancel(ctx), r))
	case <-ctx.Done():
		return ctx.Err()
	case <-p.closing:
		return errClosed
	}
}

// readError translates what the driver said and leaves what we said.
func readError(verb string, err error) error {
	if code(err) != 0 {
		return unavailable(verb, err)
	}
	return err
}

// snapshot lends a reader inside a transaction, so that all that do reads is of
// one moment.
func (p *pool) snapshot(ctx context.Context, verb string, do func(ctx context.Context, r *reader) error) error {
	return p.use(ctx, verb, func(ctx context.Context, r *reader) error {
		if err := r.begin.exec(ctx); err != nil {
			return err
		}
		return errors.Join(do(ctx, r), r.end.exec(ctx))
	})
}

// close waits for the readers in use.
func (p *pool) close() error {
	var errs []error
	for range cap(p.idle) {
		errs = append(errs, (<-p.idle).conn.Close())
	}
	return errors.Join(errs...)
}

func (p *pool) closeIdle() error {
	var errs []error
	for len(p.idle) > 0 {
		errs = append(errs, (<-p.idle).conn.Close())
	}
	return errors.Join(errs...)
}

// Get implements task.Store.
func (s *Store) Get(ctx context.Context, id string) (record task.Record, at task.Position, err error) {
	err = s.readers.use(ctx, "get task", func(ctx context.Context, r *reader) error {
		there, err := r.getTask.first(ctx, func(r row) error {
			at = task.Position{Epoch: r.text(3), Seq: uint64(r.int(4))}
			if _, record = found(r); record.JSON == nil { // the join found none
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
