package sqlite

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/taskctl/taskctl/pkg/task"
)

// checkBelow is the size in bytes up to which a file is read through when it is
// opened (about 10 ms); damage in a larger one shows where it is met.
const checkBelow = 1 << 20

// ensure makes the database at path exist, be whole, be of this version, and
// agree with its witness. It looks first, without writing, and leaves alone what
// it refuses. Several processes may do so at once.
func ensure(ctx context.Context, path string) error {
	scripts, err := migrations()
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return fileError(path, err)
	}
	fit, err := inspect(ctx, path, len(scripts))
	if err != nil || fit {
		return fileError(path, err)
	}
	return fileError(path, prepare(ctx, path, scripts))
}

// inspect reports whether the file can be used as it is. It is an error where
// the file must not be touched, and false where it is missing, empty or older.
func inspect(ctx context.Context, path string, newest int) (bool, error) {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return false, nil
	case err != nil:
		return false, err
	case !info.Mode().IsRegular():
		return false, &FileError{Path: path, Problem: NotDatabase}
	}
	// Read before the database: what it says had been committed by then.
	said, err := question(path)
	if err != nil {
		return false, err
	}
	c, err := connect(ctx, path, readOnly)
	if err != nil {
		return false, err
	}
	defer func() { _ = c.Close() }() // nothing was written

	// One statement, because another process may be creating it.
	var version, application, objects int64
	_, err = c.first(ctx, `SELECT user_version, application_id, (SELECT count(*) FROM sqlite_schema)
		FROM pragma_user_version, pragma_application_id`, func(r row) error {
		version, application, objects = r.int(0), r.int(1), r.int(2)
		return nil
	})
	if err != nil {
		return false, err
	}
	switch {
	case version == 0 && application == 0 && objects == 0:
		return false, nil
	case application != applicationID:
		return false, &FileError{Path: path, Problem: Foreign}
	case version > int64(newest):
		return false, &FileError{Path: path, Problem: Newer}
	}
	if info.Size() <= checkBelow {
		_, err := c.first(ctx, "PRAGMA quick_check(1)", func(r row) error {
			if said := r.text(0); said != "ok" {
				return &FileError{Path: path, Problem: Corrupt, Err: errors.New(said)}
			}
			return nil
		})
		if err != nil {
			return false, err
		}
	}
	if version < int64(newest) {
		return false, nil
	}
	head, err := logHead(ctx, c)
	return err == nil && said.vouches(head), err
}

// prepare creates or migrates the file, and gives its log a new epoch where the
// witness does not know the one it has.
func prepare(ctx context.Context, path string, scripts []string) error {
	if err := create(path); err != nil {
		return err
	}
	c, err := connectToWrite(ctx, path)
	if err != nil {
		return err
	}
	return errors.Join(func() error {
		c.leaveWaiting()
		if err := migrate(ctx, c, scripts); err != nil {
			return err
		}
		return immediate(ctx, c, func() error { return settle(ctx, c, path) })
	}(), c.Close())
}

// create makes an empty file that only its owner can read; SQLite gives its
// other files the same mode. It is opened under a name of its own, because
// closing any descriptor of a database drops every lock the process has on it.
func create(path string) error {
	if _, err := os.Stat(path); err == nil {
		return nil
	}
	file, err := os.CreateTemp(filepath.Dir(path), ".new-*.db") // mode 0600
	if err != nil {
		return err
	}
	if err := file.Close(); err != nil {
		return err
	}
	defer func() { _ = os.Remove(file.Name()) }()
	if err := os.Link(file.Name(), path); err != nil && !errors.Is(err, fs.ErrExist) {
		// A file system without links: SQLite creates the file itself.
		return nil //nolint:nilerr // and reports what is wrong, if anything is
	}
	return nil
}

// settle holds the write lock, so no two processes do it at once. The witness is
// written before the commit: killed between the two, the next opener finds that
// they differ and does it again.
func settle(ctx context.Context, c *conn, path string) (err error) {
	said, err := question(path)
	if err != nil {
		return err
	}
	head, err := logHead(ctx, c)
	if err != nil || said.vouches(head) {
		return err
	}
	var epoch [8]byte
	_, _ = rand.Read(epoch[:]) // never fails
	head.Epoch = hex.EncodeToString(epoch[:])

	w, err := openWitness(path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, w.close()) }()
	if err := w.establish(head); err != nil {
		return err
	}
	return c.exec(ctx, "UPDATE log SET epoch = ?1", head.Epoch)
}

const selectHead = `SELECT epoch, coalesce((SELECT max(seq) FROM events), 0) FROM log`

func logHead(ctx context.Context, c *conn) (task.Position, error) {
	return readHead(func(read func(row) error) (bool, error) { return c.first(ctx, selectHead, read) })
}

// readHead takes the head from the one row of selectHead.
func readHead(first func(read func(row) error) (found bool, err error)) (head task.Position, err error) {
	found, err := first(func(r row) error {
		head = task.Position{Epoch: r.text(0), Seq: uint64(r.int(1))}
		return nil
	})
	if err == nil && !found {
		err = errNoLog
	}
	return head, err
}

// errNoLog: someone has emptied the log's table.
var errNoLog = errors.New("the log has no epoch")

// connectToWrite connects, and fails where SQLite has fallen back to reading.
func connectToWrite(ctx context.Context, path string, pragmas ...string) (*conn, error) {
	c, err := connect(ctx, path, readWrite, pragmas...)
	if err != nil {
		return nil, err
	}
	if c.readOnly() {
		return nil, errors.Join(&FileError{Path: path, Problem: ReadOnly}, c.Close())
	}
	return c, nil
}
