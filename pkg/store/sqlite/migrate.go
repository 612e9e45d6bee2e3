package sqlite

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"time"

	sqlite3 "modernc.org/sqlite/lib"

	"taskctl/pkg/store/schemascript"
)

//go:embed migrations/*.sql
var migrationFiles embed.FS

// applicationID marks our files (PRAGMA application_id): "task" in ASCII.
const applicationID = 0x7461736b

// migrations returns the scripts in order; the nth brings a file to version n.
func migrations() ([]string, error) { return schemascript.Read(migrationFiles, "migrations") }

// migrate brings the file that c has open to the newest version, each step in a
// transaction of its own. Several processes may do so at once.
func migrate(ctx context.Context, c *conn, scripts []string) error {
	if err := switchToWAL(ctx, c); err != nil {
		return err
	}
	for done := false; !done; {
		err := immediate(ctx, c, func() error {
			version, err := userVersion(ctx, c)
			if err != nil {
				return err
			}
			if done = version >= int64(len(scripts)); done {
				return nil
			}
			return c.exec(ctx, fmt.Sprintf("%s; PRAGMA application_id = %d; PRAGMA user_version = %d",
				scripts[version], applicationID, version+1))
		})
		if err != nil {
			return fmt.Errorf("migrate: %w", err)
		}
	}
	return nil
}

// errNotWAL means that the file is not in WAL mode, because another program is using
// it, or because the file system cannot share memory.
var errNotWAL = errors.New("cannot switch to WAL")

// switchToWAL puts the file into WAL mode permanently. If another connection prevents
// that, SQLite returns an error or silently keeps the old mode.
func switchToWAL(ctx context.Context, c *conn) error {
	return retryBusy(ctx, func() error {
		_, err := c.first(ctx, "PRAGMA journal_mode = WAL", func(r row) error {
			if r.text(0) != "wal" {
				return errNotWAL
			}
			return nil
		})
		return err
	})
}

func userVersion(ctx context.Context, c *conn) (version int64, err error) {
	_, err = c.first(ctx, "PRAGMA user_version", func(r row) error {
		version = r.int(0)
		return nil
	})
	return version, err
}

// immediate runs do in a transaction that holds the write lock from the start.
func immediate(ctx context.Context, c *conn, do func() error) error {
	if err := retryBusy(ctx, func() error { return c.exec(ctx, "BEGIN IMMEDIATE") }); err != nil {
		return err
	}
	err := do()
	if err == nil {
		err = c.exec(ctx, "COMMIT")
	}
	if err != nil {
		return errors.Join(err, c.exec(context.WithoutCancel(ctx), "ROLLBACK"))
	}
	return nil
}

// How long a writer waits for another process's transaction, and how often it tries.
// SQLite's own busy handler tries only every 100 ms in the end, which is too rare
// beside a process that commits without a pause, such as a draining generation.
const (
	busyTimeout  = 5 * time.Second
	busyInterval = 200 * time.Microsecond
)

// retryBusy repeats do while another process holds the lock it needs.
func retryBusy(ctx context.Context, do func() error) error {
	for deadline := time.Now().Add(busyTimeout); ; {
		err := do()
		busy := code(err) == sqlite3.SQLITE_BUSY || errors.Is(err, errNotWAL)
		if !busy || time.Now().After(deadline) {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(busyInterval):
		}
	}
}
