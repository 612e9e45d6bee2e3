package sqlite

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"taskctl/pkg/task"
)

// BackupInfo is what a backup contains.
type BackupInfo struct {
	Position task.Position // it contains exactly the events up to this one, and the tasks after it
	Tasks    int64
	Bytes    int64
}

// partialSuffix ends the name of a backup, or of a database that is being restored,
// until it is complete.
const partialSuffix = ".partial"

// Backup writes a consistent copy of the database at path to the new file to, syncs
// it and verifies it. The database may be in use; while others write to it, the work is
// done slowly, to cost them little. If the file exists, the error is fs.ErrExist.
func Backup(ctx context.Context, path, to string) (info BackupInfo, err error) {
	if _, err := os.Lstat(to); err == nil {
		return info, &fs.PathError{Op: "back up to", Path: to, Err: fs.ErrExist}
	}
	if _, err := os.Stat(path); err != nil {
		return info, fileError(path, err)
	}
	partial := to + partialSuffix
	if info, err = copyDatabase(ctx, path, partial); err != nil {
		return info, errors.Join(err, removeDatabase(partial))
	}
	// A link, unlike a rename, does not replace a file created in the meantime.
	if err := os.Link(partial, to); err != nil {
		return info, errors.Join(err, removeDatabase(partial))
	}
	return info, errors.Join(removeDatabase(partial), syncDir(filepath.Dir(to)))
}

// Restore replaces the database at path, which no process may have open, with a copy of
// the backup from. The old database stays in place until the copy is complete and
// verified. The next process that opens it begins a new epoch.
func Restore(ctx context.Context, from, path string) (info BackupInfo, err error) {
	if _, err := os.Stat(from); err != nil {
		return info, fileError(from, err)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return info, fileError(path, err)
	}
	partial := path + partialSuffix
	if info, err = copyDatabase(ctx, from, partial); err != nil {
		return info, errors.Join(err, removeDatabase(partial))
	}
	if err := clearLog(ctx, path); err != nil {
		return info, errors.Join(fmt.Errorf("close the database that is there: %w", err), removeDatabase(partial))
	}
	// A power failure between these steps does no harm: without a witness the old
	// database would only get a new epoch.
	if err := os.Remove(witnessPath(path)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return info, errors.Join(err, removeDatabase(partial))
	}
	if err := os.Rename(partial, path); err != nil {
		return info, errors.Join(err, removeDatabase(partial))
	}
	return info, errors.Join(syncDir(filepath.Dir(path)), removeDatabase(partial), removeIndex(indexPath(path)))
}

// clearLog moves the content of the -wal file into the database at path, because it
// must not be applied to another database. If the database is damaged, the -wal file
// is renamed instead.
func clearLog(ctx context.Context, path string) error {
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return setAside(path)
	}
	c, err := connectToWrite(ctx, path)
	if err == nil {
		err = errors.Join(c.exec(ctx, "PRAGMA wal_checkpoint(TRUNCATE)"), c.Close())
	}
	if _, missing := os.Stat(path + "-wal"); err == nil && errors.Is(missing, fs.ErrNotExist) {
		return nil
	}
	return setAside(path)
}

// setAside renames the -wal file, and removes the -shm file, which SQLite rebuilds.
func setAside(path string) error {
	err := os.Rename(path+"-wal", path+"-wal.old")
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := os.Remove(path + "-shm"); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// copyDatabase writes a consistent copy of a database, verified and synced.
func copyDatabase(ctx context.Context, from, to string) (info BackupInfo, err error) {
	if err := removeDatabase(to); err != nil { // left by an interrupted attempt
		return info, err
	}
	if err := create(to); err != nil { // readable to its owner only
		return info, fileError(to, err)
	}
	c, err := connect(ctx, from, readWrite)
	if code(err) != 0 { // on a read-only medium
		c, err = connect(ctx, from, readOnly)
	}
	if err != nil {
		return info, fileError(from, err)
	}
	p := newPace(from)
	if err := errors.Join(c.copyPages(ctx, from, to, p), c.Close()); err != nil {
		return info, err
	}
	if err := renameCounters(ctx, to); err != nil {
		return info, fileError(to, err)
	}
	if info, err = verify(ctx, to, from, p); err != nil {
		return info, err
	}
	return info, syncFile(to)
}

// checkOurs refuses the database of another program, or of a newer taskctl.
func checkOurs(ctx context.Context, c *conn, path string) error {
	scripts, err := migrations()
	if err != nil {
		return err
	}
	_, err = c.first(ctx, "SELECT user_version, application_id FROM pragma_user_version, pragma_application_id", func(r row) error {
		switch {
		case r.int(1) != applicationID:
			return &FileError{Path: path, Problem: Foreign}
		case r.int(0) > int64(len(scripts)):
			return &FileError{Path: path, Problem: Newer}
		}
		return nil
	})
	return err
}

// errGaps means that events are missing in the log.
var errGaps = errors.New("events are missing in the middle")

// checkIntegrity reads all of the database that c has open.
func checkIntegrity(ctx context.Context, c *conn, path string) error {
	_, err := c.first(ctx, "PRAGMA integrity_check(1)", func(r row) error {
		if result := r.text(0); result != "ok" {
			return &FileError{Path: path, Problem: Corrupt, Err: errors.New(result)}
		}
		return nil
	})
	if err != nil {
		return err
	}
	_, err = c.first(ctx, `SELECT coalesce(max(seq) - min(seq) + 1, 0) - count(*) FROM events`, func(r row) error {
		if r.int(0) != 0 {
			return &FileError{Path: path, Problem: Corrupt, Err: errGaps}
		}
		return nil
	})
	return err
}

// verify reads a whole database that no other process has open. It is a copy of
// original, page by page, and an error is one of original.
func verify(ctx context.Context, path, original string, p *pace) (info BackupInfo, err error) {
	c, err := connect(ctx, path, readOnly)
	if err != nil {
		return info, fileError(path, err)
	}
	c.onProgress(func() { p.keep(ctx) })
	if err = checkIntegrity(ctx, c, original); err == nil {
		info.Position, err = logHead(ctx, c)
	}
	if err == nil {
		_, err = c.first(ctx, `SELECT count(*) FROM tasks`, func(r row) error {
			info.Tasks = r.int(0)
			return nil
		})
	}
	if err = errors.Join(err, c.Close()); err != nil {
		return info, fileError(original, err)
	}
	file, err := os.Stat(path)
	if err == nil {
		info.Bytes = file.Size()
	}
	return info, err
}

// syncFile makes a file that SQLite has written durable. No connection may have it
// open: see create.
func syncFile(path string) error {
	file, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	return errors.Join(file.Sync(), file.Close())
}
