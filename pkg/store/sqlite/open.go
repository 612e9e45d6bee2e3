package sqlite

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"taskctl/pkg/task"
)

// checkBelow is the size in bytes up to which a file is checked as a whole when it is
// opened (about 10 ms). Damage in a larger file is found when it is read.
const checkBelow = 1 << 20

// ensure makes sure that the database at path exists, is intact, has the current
// schema, and matches its witness. It inspects the file before it writes, and does not
// change a file that it refuses. Several processes may do this at once.
func ensure(ctx context.Context, path string, logger *slog.Logger) error {
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
	return fileError(path, (&preparation{path: path, scripts: scripts, logger: logger}).run(ctx))
}

// inspect reports whether the file can be used as it is: false if it is missing, empty
// or of an older version. An error means that it must not be changed.
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
	// The witness is read before the database, which then has all that the witness records.
	record, err := readWitness(path)
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
			if result := r.text(0); result != "ok" {
				return &FileError{Path: path, Problem: Corrupt, Err: errors.New(result)}
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
	t := trust{record: record}
	return t.check(ctx, c) == nil && t.matches(), t.err
}

// trust says whether a database can be used under its present epoch.
type trust struct {
	record witnessRecord // read before head
	head   task.Position // of the event log
	agree  bool          // the file fits its WAL, so it was not overwritten
	err    error
}

// check examines the database that c has open.
func (t *trust) check(ctx context.Context, c *conn) error {
	if t.head, t.err = logHead(ctx, c); t.err == nil {
		t.agree, t.err = countersAgree(ctx, c)
	}
	return t.err
}

func (t *trust) matches() bool { return t.agree && t.record.matches(t.head) }

// lost returns the detected loss of events, or nil.
func (t *trust) lost(now time.Time) *Loss {
	loss := t.record.lossAt(t.head, now)
	if loss == nil && !t.agree && t.record.original {
		loss = &Loss{Had: t.record.Position, Has: t.head, When: now}
	}
	return loss
}

// preparation makes a file usable.
type preparation struct {
	path    string
	scripts []string
	logger  *slog.Logger
}

// run creates or migrates the file, and gives its log a new epoch if the witness does
// not match.
func (p *preparation) run(ctx context.Context) error {
	if err := create(p.path); err != nil {
		return err
	}
	c, err := connectToWrite(ctx, p.path)
	if err != nil {
		return err
	}
	return errors.Join(func() error {
		c.disableBusyTimeout()
		if err := migrate(ctx, c, p.scripts); err != nil {
			return err
		}
		if err := immediate(ctx, c, func() error { return p.confirmEpoch(ctx, c) }); err != nil {
			return err
		}
		// From now on the file fits its WAL.
		return c.checkpointAll(ctx)
	}(), c.Close())
}

// create creates an empty file that only its owner can read; SQLite gives its other
// files the same mode. The file is created under a temporary name, because closing any
// descriptor of a database releases all locks of the process on it.
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
		return nil //nolint:nilerr // and reports errors, if any
	}
	return nil
}

// confirmEpoch gives the log a new epoch if the witness does not match. It holds the
// write lock, so that only one process does it. The witness is written before the
// commit: after a kill between the two they differ, and the next open does it again.
func (p *preparation) confirmEpoch(ctx context.Context, c *conn) (err error) {
	record, err := readWitness(p.path)
	if err != nil {
		return err
	}
	t := trust{record: record}
	if err := t.check(ctx, c); err != nil || t.matches() {
		return err
	}
	if !t.agree || record.Epoch == overwrittenEpoch {
		// SQLite may have applied a WAL that belongs to another file.
		if err := checkIntegrity(ctx, c, p.path); err != nil {
			return err
		}
	}
	head := t.head
	var epoch [8]byte
	_, _ = rand.Read(epoch[:]) // never fails
	head.Epoch = hex.EncodeToString(epoch[:])

	w, err := openWitness(p.path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, w.close()) }()
	loss := t.lost(time.Now())
	if loss != nil {
		p.logger.Error("the database has lost events that were acknowledged; clients are told to read everything again",
			slog.String("database", p.path), slog.String("recorded", loss.Had.String()), slog.String("found", loss.Has.String()))
	}
	if err := w.establish(head, loss); err != nil {
		return err
	}
	return c.exec(ctx, "UPDATE log SET epoch = ?1", head.Epoch)
}

const selectHead = `SELECT epoch, coalesce((SELECT max(seq) FROM events), 0) FROM log`

func logHead(ctx context.Context, c *conn) (task.Position, error) {
	return readHead(func(read func(row) error) (bool, error) { return c.first(ctx, selectHead, read) })
}

// readHead reads the head from the only row of selectHead.
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

// errNoLog means that the log's table has no row.
var errNoLog = errors.New("the log has no epoch")

// connectToWrite connects, and fails if SQLite has opened the file read-only.
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
