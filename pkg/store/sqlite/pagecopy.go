package sqlite

import (
	"context"
	"errors"

	"modernc.org/libc"
	sqlite3 "modernc.org/sqlite/lib"
)

// pagesPerStep is how many pages are copied between two looks at the context and the
// pace: less than a millisecond.
const pagesPerStep = 100

// copyPages copies the database of c, as one transaction sees it, to the empty file at
// path. VACUUM INTO would build every table again, which takes several times the work.
// from is the path of the database, for errors.
func (c *conn) copyPages(ctx context.Context, from, path string, p *pace) error {
	// A copy that is not whole is removed, so nothing in it needs a journal or a sync.
	to, err := connect(ctx, path, readWrite, "journal_mode = OFF", "synchronous = OFF")
	if err != nil {
		return fileError(path, err)
	}
	if err = c.exec(ctx, "BEGIN"); err == nil {
		if err = checkOurs(ctx, c, from); err == nil { // its first read begins the snapshot
			err = c.copyTo(ctx, to, p)
		}
		_ = c.exec(context.WithoutCancel(ctx), "ROLLBACK") // nothing was written
	}
	if err == nil {
		err = to.exec(ctx, "PRAGMA journal_mode = DELETE") // a single file, without a -wal
	}
	if err != nil && !damaged(err) { // such as a full disk
		err = fileError(path, err)
	}
	return errors.Join(fileError(from, err), to.Close())
}

// copyTo copies all pages to the database that to has open.
func (c *conn) copyTo(ctx context.Context, to *conn, p *pace) error {
	name, err := libc.CString("main")
	if err != nil {
		return err
	}
	defer libc.Xfree(to.tls, name)
	backup := sqlite3.Xsqlite3_backup_init(to.tls, to.db, name, c.db, name)
	if backup == 0 {
		return to.failure(sqlite3.Xsqlite3_errcode(to.tls, to.db))
	}
	rc := int32(sqlite3.SQLITE_OK)
	for rc == sqlite3.SQLITE_OK && ctx.Err() == nil {
		rc = sqlite3.Xsqlite3_backup_step(to.tls, backup, pagesPerStep)
		p.keep(ctx)
	}
	if finished := sqlite3.Xsqlite3_backup_finish(to.tls, backup); rc == sqlite3.SQLITE_DONE {
		rc = finished
	}
	return errors.Join(ctx.Err(), to.failure(rc))
}
