package sqlite

import (
	"context"
	"errors"

	sqlite3 "modernc.org/sqlite/lib"
)

// errNotMoved means that a reader kept the checkpoint from moving everything.
var errNotMoved = errors.New("the checkpoint is not complete")

// checkpointAll moves the whole WAL into the database and syncs it.
func (c *conn) checkpointAll(ctx context.Context) error {
	return retryBusy(ctx, func() error {
		_, err := c.first(ctx, "PRAGMA wal_checkpoint(FULL)", func(r row) error {
			switch {
			case r.int(0) != 0:
				return &libError{code: sqlite3.SQLITE_BUSY, text: "another connection is in the way"}
			case r.int(1) != r.int(2):
				return errNotMoved
			}
			return nil
		})
		return err
	})
}
