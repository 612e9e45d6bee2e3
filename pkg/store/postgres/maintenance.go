package postgres

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"taskctl/pkg/task"
)

const (
	// maintainEvery is the time between maintenance steps of a node.
	maintainEvery = time.Minute
	// maintainWrites is the number of writes between maintenance steps of a busy node.
	maintainWrites = 500
	// maintainStep is how many events and keys one step removes.
	maintainStep = 1000
)

// maintenance removes old events and idempotency keys, a few at a time. Every node
// that writes does it, and an advisory lock lets one at a time.
type maintenance struct {
	readers *pool
	sql     *statements
	options Options
	busy    chan struct{} // holds a token when maintainWrites is reached
	stop    chan struct{}
	done    sync.WaitGroup
}

func newMaintenance(readers *pool, sql *statements, o Options) *maintenance {
	m := &maintenance{readers: readers, sql: sql, options: o, busy: make(chan struct{}, 1), stop: make(chan struct{})}
	m.done.Add(1)
	return m
}

func (m *maintenance) run() {
	defer m.done.Done()
	ticker := time.NewTicker(maintainEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
		case <-m.busy:
		case <-m.stop:
			return
		}
		m.tidy()
	}
}

// written requests a maintenance step. It never blocks.
func (m *maintenance) written() {
	select {
	case m.busy <- struct{}{}:
	default:
	}
}

func (m *maintenance) close() {
	close(m.stop)
	m.done.Wait()
}

// tidy runs steps until there is nothing more to remove.
func (m *maintenance) tidy() {
	for more := true; more; {
		err := m.readers.use(context.Background(), "remove old events", func(c *conn) (err error) {
			more, err = m.step(c)
			return err
		})
		if err != nil {
			m.options.Logger.Warn("old events not removed", slog.Any("error", err))
			return
		}
		select {
		case <-m.stop:
			return
		default:
		}
	}
}

// step removes up to maintainStep of each in one transaction, and reports whether there
// may be more. It locks the log's row last, because writers wait for it.
func (m *maintenance) step(c *conn) (more bool, err error) {
	var ours bool
	var first, last, keys int64
	err = c.do(m.sql.begin.with(), m.sql.tryMaintain.reading(func(r row) error {
		ours, first, last = r.bool(0), r.int(1), r.int(2)
		return nil
	}, lockName(m.options.Schema)))
	end := first
	if err == nil && ours {
		end, err = m.end(c, first, last)
	}
	if err != nil || !ours {
		return false, m.rollback(c, err)
	}
	now := m.options.Now()
	// Keys from a clock that was far ahead are deleted as well. Keys from a clock that
	// was less far ahead are kept until their date.
	calls := []call{m.sql.deleteKeys.reading(func(r row) error { keys = r.int(0); return nil },
		now.Add(-task.IdempotencyTTL).UnixMilli(), now.Add(task.IdempotencyTTL).UnixMilli(), int64(maintainStep))}
	if end > first {
		calls = append(calls, m.sql.deleteEvents.with(end), m.sql.setFirst.with(end))
	}
	if err := c.do(append(calls, m.sql.commit.with())...); err != nil {
		return false, m.rollback(c, err)
	}
	return keys == maintainStep || end == first+maintainStep, nil
}

// rollback rolls back the transaction, if one is open.
func (m *maintenance) rollback(c *conn, err error) error {
	if c.pg.IsClosed() || c.pg.TxStatus() == 'I' {
		return err
	}
	return errors.Join(err, c.do(m.sql.rollback.with()))
}

// end returns the seq below which all events are removed: those beyond the maximum
// number, and those that are too old and only preceded by old ones. The last event
// always stays, because it holds the seq.
func (m *maintenance) end(c *conn, first, last int64) (int64, error) {
	end := min(first+maintainStep, last)
	surplus := last + 1 - int64(m.options.Retention.MaxEvents)
	if end <= surplus {
		return end, nil
	}
	young := end
	err := c.do(m.sql.youngest.reading(func(r row) error { young = r.int(0); return nil },
		first, end, m.options.Now().Add(-m.options.Retention.MaxAge).UnixMilli()))
	return max(first, surplus, young), err
}
