package sqlite

import (
	"context"
	"time"

	"github.com/taskctl/taskctl/pkg/task"
)

const (
	// upkeepInterval is how often an idle store looks for what has had its time.
	upkeepInterval = time.Minute
	// upkeepWrites is the number of writes after which a busy one does. It is
	// less than upkeepStep, so the log shrinks faster than it grows.
	upkeepWrites = 256
	upkeepStep   = 512
	// checkpointCommits is the number of commits after which the WAL is moved
	// into the database: about as many as SQLite would wait for, but after the
	// answers are given instead of before.
	checkpointCommits = 250
)

// upkeep removes old events and idempotency keys, a few at a time.
type upkeep struct {
	retention Retention
	now       func() time.Time

	getBounds, firstYoung, deleteEvents, deleteKeys *stmt
}

func newUpkeep(ctx context.Context, c *conn, o Options) (*upkeep, error) {
	u := &upkeep{retention: o.Retention, now: o.Now}
	return u, c.prepare(ctx, map[**stmt]string{
		&u.getBounds:    `SELECT (SELECT min(seq) FROM events), (SELECT max(seq) FROM events)`,
		&u.firstYoung:   `SELECT seq FROM events WHERE seq < ?1 AND time > ?2 ORDER BY seq LIMIT 1`,
		&u.deleteEvents: `DELETE FROM events WHERE seq < ?1`,
		&u.deleteKeys: `DELETE FROM keys WHERE n IN (SELECT n FROM keys ORDER BY n LIMIT ?1)
			AND (created_at <= ?2 OR created_at > ?3)`,
	})
}

// step removes up to upkeepStep of each inside a transaction, and reports
// whether there may be more.
func (u *upkeep) step(ctx context.Context) (more bool, err error) {
	now := u.now()
	// Keys of a clock that was far ahead go too: all others would wait behind them
	// for their date. Those of one that was less far ahead are kept until theirs.
	keys, err := u.deleteKeys.execCount(ctx, int64(upkeepStep),
		now.Add(-task.IdempotencyTTL).UnixMilli(), now.Add(task.IdempotencyTTL).UnixMilli())
	if err != nil {
		return false, err
	}
	var first, last int64
	_, err = u.getBounds.first(ctx, func(r row) error {
		first, last = r.int(0), r.int(1)
		return nil
	})
	if err != nil {
		return false, err
	}
	// Events below end go: those too many, and those too old that only others
	// too old come before. The last one stays, because it holds the count.
	end := min(first+upkeepStep, last)
	surplus := last + 1 - int64(u.retention.MaxEvents)
	if end > surplus {
		_, err := u.firstYoung.first(ctx, func(r row) error {
			end = max(surplus, r.int(0))
			return nil
		}, end, now.Add(-u.retention.MaxAge).UnixMilli())
		if err != nil {
			return false, err
		}
	}
	if end > first {
		err = u.deleteEvents.exec(ctx, end)
	}
	return keys == upkeepStep || end == first+upkeepStep, err
}
