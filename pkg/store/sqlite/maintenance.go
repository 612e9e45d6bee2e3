package sqlite

import (
	"context"
	"time"

	"taskctl/pkg/task"
)

const (
	// maintenanceInterval is the time between maintenance steps of an idle store.
	maintenanceInterval = time.Minute
	// maintenanceWrites is the number of writes between maintenance steps of a busy
	// store. It is less than maintenanceStep, so the log shrinks faster than it grows.
	maintenanceWrites = 256
	maintenanceStep   = 512
	// checkpointCommits is the number of commits between checkpoints: about as many as
	// SQLite's own, but the checkpoint comes after the answers instead of before.
	checkpointCommits = 250
)

// maintenance removes old events and idempotency keys, a few at a time.
type maintenance struct {
	retention Retention
	now       func() time.Time

	getBounds, firstYoung, deleteEvents, deleteKeys *stmt
}

func newMaintenance(ctx context.Context, c *conn, o Options) (*maintenance, error) {
	m := &maintenance{retention: o.Retention, now: o.Now}
	return m, c.prepare(ctx, map[**stmt]string{
		&m.getBounds:    `SELECT (SELECT min(seq) FROM events), (SELECT max(seq) FROM events)`,
		&m.firstYoung:   `SELECT seq FROM events WHERE seq < ?1 AND time > ?2 ORDER BY seq LIMIT 1`,
		&m.deleteEvents: `DELETE FROM events WHERE seq < ?1`,
		&m.deleteKeys: `DELETE FROM keys WHERE n IN (SELECT n FROM keys ORDER BY n LIMIT ?1)
			AND (created_at <= ?2 OR created_at > ?3)`,
	})
}

// step removes up to maintenanceStep of each inside a transaction, and reports
// whether there may be more.
func (m *maintenance) step(ctx context.Context) (more bool, err error) {
	now := m.now()
	// Keys from a clock that was far ahead are deleted as well: otherwise all later
	// keys would be kept until their date. Keys from a clock that was less far ahead
	// are kept until theirs.
	keys, err := m.deleteKeys.execCount(ctx, int64(maintenanceStep),
		now.Add(-task.IdempotencyTTL).UnixMilli(), now.Add(task.IdempotencyTTL).UnixMilli())
	if err != nil {
		return false, err
	}
	var first, last int64
	_, err = m.getBounds.first(ctx, func(r row) error {
		first, last = r.int(0), r.int(1)
		return nil
	})
	if err != nil {
		return false, err
	}
	// Events below end are deleted: those beyond the maximum number, and those that are
	// too old and only preceded by old ones. The last event always stays, because it
	// holds the seq.
	end := min(first+maintenanceStep, last)
	surplus := last + 1 - int64(m.retention.MaxEvents)
	if end > surplus {
		_, err := m.firstYoung.first(ctx, func(r row) error {
			end = max(surplus, r.int(0))
			return nil
		}, end, now.Add(-m.retention.MaxAge).UnixMilli())
		if err != nil {
			return false, err
		}
	}
	if end > first {
		err = m.deleteEvents.exec(ctx, end)
	}
	return keys == maintenanceStep || end == first+maintenanceStep, err
}
