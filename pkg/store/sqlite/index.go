package sqlite

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"maps"
	"os"
	"slices"
	"sync/atomic"
	"time"

	"github.com/taskctl/taskctl/pkg/task"
)

// The search index is a database file of its own beside the tasks', so that
// filling it never holds their write lock. It trails the log, says how far it
// has come, and can be thrown away at any time.
func indexPath(path string) string { return path + "-search" }

// indexVersion changes with anything about what the index holds; another
// version is thrown away.
const indexVersion = 1

const indexSchema = `
CREATE TABLE state (
    one     INTEGER PRIMARY KEY CHECK (one = 1),
    epoch   TEXT    NOT NULL, -- of the log that it follows
    seq     INTEGER NOT NULL, -- changes up to this event are in the index
    covered INTEGER NOT NULL  -- of the tasks, those with n up to this are
) STRICT;
INSERT INTO state VALUES (1, '', 0, 0);
CREATE VIRTUAL TABLE grams USING fts5(words, content='', contentless_delete=1, detail=none, tokenize=ascii);
PRAGMA user_version = %d;`

// indexState says what the index covers: of the tasks with n up to covered, all
// that happened up to the event seq.
type indexState struct {
	task.Position
	covered int64
}

const selectState = `SELECT epoch, seq, covered FROM `

func readState(ctx context.Context, s *stmt) (state indexState, err error) {
	_, err = s.first(ctx, func(r row) error {
		state = indexState{task.Position{Epoch: r.text(0), Seq: uint64(r.int(1))}, r.int(2)}
		return nil
	})
	return state, err
}

// createIndex makes the index file exist and be one that can be used.
func createIndex(ctx context.Context, path string) error {
	for again := false; ; again = true {
		err := func() error {
			c, err := connectIndex(ctx, path)
			if err != nil {
				return err
			}
			return errors.Join(prepareIndex(ctx, c), c.Close())
		}()
		if again || !damaged(err) && !errors.Is(err, errOtherIndex) {
			return err
		}
		if err := removeIndex(path); err != nil {
			return err
		}
	}
}

func connectIndex(ctx context.Context, path string) (*conn, error) {
	// NORMAL may lose the last steps with the power, and never half of one.
	return connect(ctx, path, readWrite, "synchronous = NORMAL")
}

var errOtherIndex = errors.New("index of another version")

func prepareIndex(ctx context.Context, c *conn) error {
	c.leaveWaiting()
	if err := switchToWAL(ctx, c); err != nil {
		return err
	}
	return immediate(ctx, c, func() error {
		version, err := userVersion(ctx, c)
		if err != nil {
			return err
		}
		switch version {
		case 0:
			return c.exec(ctx, fmt.Sprintf(indexSchema, indexVersion))
		case indexVersion:
			return c.exec(ctx, selectState+`state WHERE (SELECT max(rowid) FROM grams WHERE grams MATCH '"a"*') > 0`)
			// which reads a little of everything
		default:
			return errOtherIndex
		}
	})
}

func removeIndex(path string) error {
	for _, suffix := range []string{"-wal", "-shm", ""} {
		if err := os.Remove(path + suffix); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

// indexer fills the index from the log, on a goroutine of its own.
type indexer struct {
	readers *pool
	wake    chan struct{} // something was committed; holds one
	written atomic.Int64  // events committed since the last look
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
	x.conn.leaveWaiting()
	return x, nil
}

// committed tells how many events are new in the log.
func (x *indexer) committed(events int) {
	x.written.Add(int64(events))
	select {
	case x.wake <- struct{}{}:
	default:
	}
}

const (
	// indexDelay lets a burst of writes come to its end, or at least be indexed
	// in one step.
	indexDelay = 300 * time.Millisecond
	// indexRest is the rest after a step, as a multiple of its time, while others
	// use the store: the processor is theirs.
	indexRest = 9
	// indexLongRest is the rest while more is written than would be indexed with
	// such rests. Racing is in vain then, and costs the writes; when they ease, it
	// takes 15 µs for each event missed.
	indexLongRest = time.Second
)

// restAfter is the rest after a step that took so long, when so many events were
// written and so many reads done in the time since the one before.
func restAfter(took time.Duration, written, read int64, since time.Duration) time.Duration {
	if written == 0 && read <= 0 {
		return 0
	}
	rest := indexRest * took
	if time.Duration(written)*(took+rest) > indexStep*since {
		return max(rest, indexLongRest)
	}
	return rest
}

func (x *indexer) run() {
	defer close(x.stopped)
	ctx := context.Background() // a step is short, and closing ends what is between them
	for last := time.Now(); ; {
		start := time.Now()
		more, err := x.step(ctx)
		switch {
		case errors.Is(err, errClosed):
			return
		case damaged(err):
			x.logger.Error("search index damaged", slog.Any("error", err))
			x.readers.indexDamaged.Store(true)
			return
		case err != nil:
			x.logger.Warn("search index not filled", slog.Any("error", err))
			more = false
		}
		if more {
			now := time.Now()
			read := x.readers.lent.Swap(0) - 1 // without its own
			rest := restAfter(now.Sub(start), x.written.Swap(0), read, now.Sub(last))
			last = now
			if !x.sleep(rest) {
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

func (x *indexer) close() error {
	<-x.stopped
	return x.conn.Close()
}

// indexStep is the number of tasks or events of one step.
const indexStep = 256

// step takes the next lot of tasks or events into the index, and reports
// whether there may be more. Another process may be doing the same.
func (x *indexer) step(ctx context.Context) (more bool, err error) {
	err = immediate(ctx, x.conn, func() error {
		before, err := readState(ctx, x.getState)
		if err != nil {
			return err
		}
		state, lot, full, err := x.readers.nextLot(ctx, before)
		if err != nil {
			return err
		}
		if state.Epoch != before.Epoch || state.covered < before.covered {
			if err := x.forgetAll.exec(ctx); err != nil {
				return err
			}
		}
		// FTS5 writes out what it has gathered whenever a rowid is smaller than
		// the one before.
		for _, n := range slices.Sorted(maps.Keys(lot)) {
			if err := x.put(ctx, n, lot[n]); err != nil {
				return err
			}
		}
		more = full
		return x.setState.exec(ctx, state.Epoch, int64(state.Seq), state.covered)
	})
	return more, err
}

// put makes the index hold the words of t as task n; a task without an id is gone.
func (x *indexer) put(ctx context.Context, n int64, t task.Task) error {
	if t.ID == "" {
		return x.deleteWords.exec(ctx, n)
	}
	x.words = gramsOf(x.words[:0], t, x.seen)
	return x.replaceWords.exec(ctx, n, string(x.words))
}

// nextLot reads what the index in the given state lacks next, by task, and the
// state it is in with that. full tells that there may be more.
func (p *pool) nextLot(ctx context.Context, at indexState) (state indexState, lot lot, full bool, err error) {
	state, lot = at, make(map[int64]task.Task)
	err = p.snapshot(ctx, "read log", func(ctx context.Context, r *reader) error {
		first, head, err := r.logBounds(ctx)
		if err != nil {
			return err
		}
		if state.Epoch == "" || gone(state.Position, first, head) != "" {
			state = indexState{Position: head} // from the beginning
		}
		if state.covered < int64(state.Seq) {
			full, err = r.lotOfTasks(ctx, &state, lot)
			return err
		}
		read := 0
		err = r.newEvents.query(ctx, func(r row) error {
			state.Seq = uint64(r.int(3))
			state.covered = int64(state.Seq)
			read++
			return lot.add(r)
		}, int64(state.Seq), int64(indexStep))
		full = read == indexStep
		return err
	})
	return state, lot, full, err
}

// lot is tasks by their number; one that is gone is empty.
type lot map[int64]task.Task

func (l lot) add(r row) error {
	n, record := found(r)
	if record.JSON == nil {
		l[n] = task.Task{}
		return nil
	}
	t, err := record.Task()
	l[n] = t
	return err
}

// lotOfTasks is nextLot while the tasks that there were at state.Seq are read.
// The events after that follow in any case.
func (r *reader) lotOfTasks(ctx context.Context, state *indexState, lot lot) (full bool, err error) {
	err = r.oldTasks.query(ctx, func(r row) error {
		state.covered = r.int(0)
		return lot.add(r)
	}, state.covered, int64(state.Seq), int64(indexStep))
	if len(lot) < indexStep {
		state.covered = int64(state.Seq)
	}
	return true, err
}
