package sqlite

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"taskctl/pkg/task"
)

// The search index is a database file of its own, so that filling it never holds the
// write lock of the tasks. It lags behind the log, records its position, and can be
// deleted at any time.
func indexPath(path string) string { return path + "-search" }

// indexVersion changes with every change of the index's content; an index of another
// version is deleted.
const indexVersion = 2

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

// indexState is what the index covers: the tasks with n up to covered, as of the event
// seq.
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

// createIndex creates the index file, or replaces one that cannot be used.
func createIndex(ctx context.Context, path string) error {
	for again := false; ; again = true {
		err := func() error {
			if err := create(path); err != nil {
				return err
			}
			if err := keepPrivate(path); err != nil {
				return err
			}
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

// keepPrivate removes the permissions of other users: earlier versions created the
// files readable to all.
func keepPrivate(path string) error {
	for _, suffix := range guarded() {
		if err := os.Chmod(path+suffix, 0o600); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

func connectIndex(ctx context.Context, path string) (*conn, error) {
	// NORMAL may lose the last steps in a power failure, but never a part of one.
	return connect(ctx, path, readWrite, "synchronous = NORMAL")
}

var errOtherIndex = errors.New("index of another version")

func prepareIndex(ctx context.Context, c *conn) error {
	c.disableBusyTimeout()
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
			// reads from every table
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
