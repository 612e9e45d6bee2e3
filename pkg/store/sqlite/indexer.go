package sqlite

import (
	"context"
	"errors"
	"log/slog"
	"sync/atomic"
	"time"

	"taskctl/pkg/store/writequeue"
)

// indexer fills the index from the log, in a goroutine of its own.
type indexer struct {
	readers *pool
	path    string
	damaged atomic.Bool   // it is no longer used
	wake    chan struct{} // holds one value while there may be new events
	written atomic.Int64  // events committed since the last step
	stopped chan struct{}
	logger  *slog.Logger

	conn                      *conn
	getState, setState        *stmt
	replaceWords, deleteWords *stmt
	forgetAll                 *stmt
	words                     []byte
	seen                      map[gram]struct{}
}

func openIndexer(ctx context.Context, path string, logger *slog.Logger, readers *pool) (*indexer, error) {
	x := &indexer{
		readers: readers,
		path:    path,
		wake:    make(chan struct{}, 1),
		stopped: make(chan struct{}),
		logger:  logger,
		seen:    make(map[gram]struct{}),
	}
	var err error
	if x.conn, err = connectIndex(ctx, path); err != nil {
		return nil, err
	}
	err = x.conn.prepare(ctx, map[**stmt]string{
		&x.getState:     selectState + "state",
		&x.setState:     `UPDATE state SET epoch = ?1, seq = ?2, covered = ?3`,
		&x.replaceWords: `INSERT OR REPLACE INTO grams (rowid, words) VALUES (?1, ?2)`,
		&x.deleteWords:  `DELETE FROM grams WHERE rowid = ?1`,
		&x.forgetAll:    `INSERT INTO grams (grams) VALUES ('delete-all')`,
	})
	if err != nil {
		return nil, errors.Join(err, x.conn.Close())
	}
	x.conn.disableBusyTimeout()
	return x, nil
}

// usable reports whether there is an index that can be used.
func (x *indexer) usable() bool { return x != nil && !x.damaged.Load() }

// stateOn reads what the index covers; nothing if there is no index.
func (x *indexer) stateOn(ctx context.Context, r *reader) (indexState, error) {
	if !x.usable() || r.state == nil {
		return indexState{}, nil
	}
	return readState(ctx, r.state)
}

// notify wakes the indexer for new events in the log. It never blocks.
func (x *indexer) notify(events int) {
	x.written.Add(int64(events))
	select {
	case x.wake <- struct{}{}:
	default:
	}
}

const (
	// indexDelay waits for the end of a burst of writes, so that it is indexed in
	// fewer steps.
	indexDelay = 300 * time.Millisecond
	// indexPauseFactor is the pause after a step, as a multiple of the step's duration,
	// while the store is in use: requests need the CPU more.
	indexPauseFactor = 9
	// indexLongPause is the pause while writes are faster than indexing with such
	// pauses. The index would fall behind anyway and only slow the writes down;
	// afterwards it needs 15 µs for each event.
	indexLongPause = time.Second
)

// pauseAfter returns the pause after a step of the given duration, with the numbers of
// writes and reads since the previous step.
func pauseAfter(took time.Duration, written, read int64, since time.Duration) time.Duration {
	if written == 0 && read <= 0 {
		return 0
	}
	pause := indexPauseFactor * took
	if time.Duration(written)*(took+pause) > indexStep*since {
		return max(pause, indexLongPause)
	}
	return pause
}

func (x *indexer) run() {
	defer close(x.stopped)
	ctx := context.Background() // a step is short, and Close ends the pauses between them
	for last := time.Now(); ; {
		start := time.Now()
		more, err := x.step(ctx)
		switch {
		case errors.Is(err, writequeue.ErrClosed):
			return
		case damaged(err):
			x.logger.Error("search index damaged", slog.Any("error", err))
			x.damaged.Store(true)
			return
		case err != nil:
			x.logger.Warn("search index not filled", slog.Any("error", err))
			more = false
		}
		if more {
			now := time.Now()
			read := x.readers.uses.Swap(0) - 1 // without its own
			pause := pauseAfter(now.Sub(start), x.written.Swap(0), read, now.Sub(last))
			last = now
			if !x.sleep(pause) {
				return
			}
			continue
		}
		select {
		case <-x.wake:
			if !x.sleep(indexDelay) {
				return
			}
		case <-x.readers.closing:
			return
		}
	}
}

// sleep reports whether the store is still open after d.
func (x *indexer) sleep(d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-x.readers.closing:
		return false
	case <-timer.C:
		return true
	}
}

// close closes an indexer that does not run.
func (x *indexer) close() error {
	err := x.conn.Close()
	if x.damaged.Load() { // the next open creates it again
		err = errors.Join(err, removeIndex(x.path))
	}
	return err
}
