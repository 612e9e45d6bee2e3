package postgres

import (
	"bytes"
	"context"
	"time"

	"taskctl/pkg/task"
)

// stand holds the bounds of the log, from the columns of position.
type stand struct {
	first uint64
	head  task.Position
	read  bool
}

func (s *stand) from(r row) {
	s.head = task.Position{Epoch: r.text(0), Seq: uint64(r.int(2))}
	s.first = uint64(r.int(1))
	s.read = true
}

// check returns an error if no row of the log was read.
func (s *stand) check(err error) error {
	if err == nil && !s.read {
		err = errNoLog
	}
	return err
}

// Bounds implements task.Log.
func (s *Store) Bounds(ctx context.Context) (first uint64, head task.Position, err error) {
	var at stand
	err = s.readers.use(ctx, "read log", func(c *conn) error {
		return at.check(c.do(s.sql.bounds.reading(func(r row) error { at.from(r); return nil })))
	})
	return at.first, at.head, err
}

// Read implements task.Log, in one statement and so from one snapshot.
func (s *Store) Read(ctx context.Context, after task.Position, limit int) (events []task.Event, head task.Position, err error) {
	var at stand
	err = s.readers.use(ctx, "read log", func(c *conn) error {
		events, at = nil, stand{}
		return at.check(c.do(s.sql.read.reading(func(r row) error {
			if !at.read {
				at.from(r)
				if err := after.CheckReadable(at.first, at.head); err != nil {
					return err
				}
			}
			if !r.null(3) {
				events = append(events, readEvent(r))
			}
			return nil
		}, int64(after.Seq), int64(max(limit, 0)), int64(task.MaxPageBytes))))
	})
	if err != nil {
		events = nil
	}
	return events, at.head, err
}

func readEvent(r row) task.Event {
	e := task.Event{
		Seq: uint64(r.int(3)), TaskID: r.text(5), Time: time.UnixMilli(r.int(6)).UTC(), Task: bytes.Clone(r.bytes(7)),
	}
	var known bool
	if e.Type, known = task.EventTypeOf(r.bytes(4)); !known {
		e.Type = task.EventType(r.text(4))
	}
	return e
}

// Get implements task.Store.
func (s *Store) Get(ctx context.Context, id string) (record task.Record, at task.Position, err error) {
	var log stand
	err = s.readers.use(ctx, "get task", func(c *conn) error {
		return log.check(c.do(s.sql.get.reading(func(r row) error {
			log.from(r)
			if r.null(4) { // no task in the joined row
				return task.ErrNotFound
			}
			record = task.Record{Version: uint64(r.int(3)), JSON: bytes.Clone(r.bytes(4))}
			return nil
		}, id)))
	})
	return record, log.head, err
}
