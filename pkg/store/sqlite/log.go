package sqlite

import (
	"bytes"
	"context"
	"time"

	"taskctl/pkg/task"
)

// Bounds implements task.Log.
func (s *Store) Bounds(ctx context.Context) (first uint64, head task.Position, err error) {
	err = s.gets.use(ctx, "read log", func(r *reader) (err error) {
		first, head, err = r.logBounds(context.WithoutCancel(ctx))
		return err
	})
	return first, head, err
}

// Read implements task.Log.
func (s *Store) Read(ctx context.Context, after task.Position, limit int) (events []task.Event, head task.Position, err error) {
	err = s.pages.snapshot(ctx, "read log", func(r *reader) error {
		ctx := context.WithoutCancel(ctx)
		var first uint64
		if first, head, err = r.logBounds(ctx); err != nil {
			return err
		}
		if err := after.CheckReadable(first, head); err != nil {
			return err
		}
		n := min(uint64(max(limit, 0)), head.Seq-after.Seq)
		if n == 0 {
			return nil
		}
		events = make([]task.Event, 0, min(n, 1024))
		size := 0
		return r.events.query(ctx, func(r row) error {
			e := task.Event{
				Seq:    uint64(r.int(0)),
				Type:   eventType(r.bytes(1)),
				TaskID: r.text(2),
				Time:   time.UnixMilli(r.int(3)).UTC(),
				Task:   bytes.Clone(r.bytes(4)),
			}
			events = append(events, e)
			if size += len(e.Task); size >= task.MaxPageBytes {
				return errStop
			}
			return nil
		}, int64(after.Seq), int64(n))
	})
	return events, head, err
}

func (r *reader) logBounds(ctx context.Context) (first uint64, head task.Position, err error) {
	head, err = readHead(func(read func(row) error) (bool, error) {
		return r.bounds.first(ctx, func(b row) error {
			first = uint64(b.int(2))
			return read(b)
		})
	})
	if first == 0 {
		first = head.Seq + 1
	}
	return first, head, err
}

// eventType returns the type for its stored text, without an allocation for known ones.
func eventType(s []byte) task.EventType {
	if t, known := task.EventTypeOf(s); known {
		return t
	}
	return task.EventType(s)
}
