package sqlite

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"taskctl/pkg/store/storecopy"
	"taskctl/pkg/task"
)

// copySuffix ends the file name of an incomplete copy.
const copySuffix = ".copy"

// CopyReader reads everything in a database file.
type CopyReader struct {
	conn *conn

	bounds, events, tasks, answers *stmt
}

// CopyWriter writes a database file from another store.
type CopyWriter struct {
	CopyReader
	path string // of the finished file

	putEvent, putTask, putAnswer *stmt
}

var (
	_ storecopy.Reader = (*CopyReader)(nil)
	_ storecopy.Writer = (*CopyWriter)(nil)
)

// OpenCopyReader opens a file for reading only. The error is a *FileError if the file
// cannot be used as it is.
func OpenCopyReader(ctx context.Context, path string) (*CopyReader, error) {
	scripts, err := migrations()
	if err != nil {
		return nil, err
	}
	if _, err := os.Stat(path); err != nil {
		return nil, fileError(path, err)
	}
	if fit, err := inspect(ctx, path, len(scripts)); err != nil || !fit {
		return nil, fileError(path, errors.Join(err, errNotFit))
	}
	c, err := connect(ctx, path, readOnly)
	if err != nil {
		return nil, fileError(path, err)
	}
	r := &CopyReader{conn: c}
	if err := r.prepare(ctx); err != nil {
		return nil, fileError(path, errors.Join(err, c.Close()))
	}
	return r, nil
}

// errNotFit means that the next start would migrate the file, or give it a new epoch.
var errNotFit = errors.New("it has to be opened by `taskctl start` once before it is copied")

// OpenCopyWriter begins a copy of a source whose head is head, or continues an
// interrupted one. If the file exists, the error is fs.ErrExist.
func OpenCopyWriter(ctx context.Context, path string, head storecopy.Head) (*CopyWriter, error) {
	if _, err := os.Lstat(path); err == nil {
		return nil, &fs.PathError{Op: "copy", Path: path, Err: fs.ErrExist}
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, fileError(path, err)
	}
	for {
		w, err := openCopy(ctx, path)
		if err != nil {
			return nil, fileError(path, err)
		}
		epoch, err := w.epoch(ctx)
		switch begun := "copy of " + head.String(); {
		case err == nil && epoch == "":
			err = w.conn.exec(ctx, "UPDATE log SET epoch = ?1", begun)
		case err == nil && epoch != begun: // the source has changed since
			if err = errors.Join(w.Close(), removeDatabase(path+copySuffix)); err == nil {
				continue
			}
		}
		if err != nil {
			return nil, fileError(path, errors.Join(err, w.Close()))
		}
		return w, nil
	}
}

func openCopy(ctx context.Context, path string) (*CopyWriter, error) {
	scripts, err := migrations()
	if err != nil {
		return nil, err
	}
	if err := create(path + copySuffix); err != nil {
		return nil, err
	}
	c, err := connectToWrite(ctx, path+copySuffix)
	if err != nil {
		return nil, err
	}
	w := &CopyWriter{CopyReader: CopyReader{conn: c}, path: path}
	err = migrate(ctx, c, scripts)
	if err == nil {
		err = w.prepare(ctx)
	}
	if err == nil {
		err = c.prepare(ctx, map[**stmt]string{
			&w.putEvent: `INSERT INTO events (seq, type, n, id, time, task) VALUES (?1, ?2, ?3, ?4, ?5, ?6)`,
			&w.putTask:  `INSERT INTO tasks (n, id, completed, version, task) VALUES (?1, ?2, ?3, ?4, ?5)`,
			&w.putAnswer: `INSERT INTO keys (key, fingerprint, created_at, epoch, seq, changed, version, task)
				VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)`,
		})
	}
	if err != nil {
		return nil, errors.Join(err, c.Close())
	}
	return w, nil
}

func (r *CopyReader) prepare(ctx context.Context) error {
	return r.conn.prepare(ctx, map[**stmt]string{
		&r.bounds: `SELECT epoch, coalesce((SELECT max(seq) FROM events), 0), (SELECT min(seq) FROM events) FROM log`,
		&r.events: `SELECT seq, type, id, time, task, n FROM events WHERE seq > ?1 ORDER BY seq LIMIT ?2`,
		&r.tasks:  `SELECT n, version, task FROM tasks WHERE n > ?1 ORDER BY n LIMIT ?2`,
		&r.answers: `SELECT key, fingerprint, created_at, epoch, seq, changed, version, task
			FROM keys WHERE key > ?1 AND created_at > ?2 ORDER BY key LIMIT ?3`,
	})
}

func (r *CopyReader) epoch(ctx context.Context) (string, error) {
	head, err := r.Head(ctx)
	return head.Epoch, err
}

// Close implements storecopy.Reader. Finish has closed the connection already.
func (r *CopyReader) Close() error {
	if r.conn == nil {
		return nil
	}
	err := r.conn.Close()
	r.conn = nil
	return err
}

// Head implements storecopy.Reader.
func (r *CopyReader) Head(ctx context.Context) (h storecopy.Head, err error) {
	_, err = r.bounds.first(ctx, func(r row) error {
		h = storecopy.Head{Position: task.Position{Epoch: r.text(0), Seq: uint64(r.int(1))}, First: uint64(r.int(2))}
		return nil
	})
	if h.First == 0 {
		h.First = h.Seq + 1
	}
	return h, err
}

// Events implements storecopy.Reader.
func (r *CopyReader) Events(ctx context.Context, after uint64, limit int) (events []storecopy.Event, err error) {
	err = r.events.query(ctx, func(r row) error {
		events = append(events, storecopy.Event{TaskKey: r.int(5), Event: task.Event{
			Seq: uint64(r.int(0)), Type: task.EventType(r.text(1)), TaskID: r.text(2),
			Time: time.UnixMilli(r.int(3)).UTC(), Task: bytes.Clone(r.bytes(4)),
		}})
		return nil
	}, int64(after), int64(limit))
	return events, err
}

// Tasks implements storecopy.Reader.
func (r *CopyReader) Tasks(ctx context.Context, after int64, limit int) (tasks []storecopy.Task, err error) {
	err = r.tasks.query(ctx, func(r row) error {
		n, record := readTask(r)
		record.JSON = bytes.Clone(record.JSON)
		tasks = append(tasks, storecopy.Task{Key: n, Record: record})
		return nil
	}, after, int64(limit))
	return tasks, err
}

// Answers implements storecopy.Reader.
func (r *CopyReader) Answers(ctx context.Context, after string, since int64, limit int) (answers []storecopy.Answer, err error) {
	err = r.answers.query(ctx, func(r row) error {
		answers = append(answers, storecopy.Answer{
			Key: r.text(0), Fingerprint: bytes.Clone(r.bytes(1)), CreatedAt: r.int(2),
			Position: task.Position{Epoch: r.text(3), Seq: uint64(r.int(4))}, Changed: r.int(5) != 0,
			Record: task.Record{Version: uint64(r.int(6)), JSON: bytes.Clone(r.bytes(7))},
		})
		return nil
	}, after, since, int64(limit))
	return answers, err
}

// PutEvents implements storecopy.Writer.
func (w *CopyWriter) PutEvents(ctx context.Context, events []storecopy.Event) error {
	return immediate(ctx, w.conn, func() error {
		for _, e := range events {
			if err := w.putEvent.exec(ctx, int64(e.Seq), string(e.Type), e.TaskKey, e.TaskID, e.Time.UnixMilli(), e.Task); err != nil {
				return err
			}
		}
		return nil
	})
}

// PutTasks implements storecopy.Writer.
func (w *CopyWriter) PutTasks(ctx context.Context, tasks []storecopy.Task) error {
	return immediate(ctx, w.conn, func() error {
		for _, t := range tasks {
			decoded, err := t.Task()
			if err == nil {
				err = w.putTask.exec(ctx, t.Key, decoded.ID, decoded.Completed, int64(t.Version), t.JSON)
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// PutAnswers implements storecopy.Writer.
func (w *CopyWriter) PutAnswers(ctx context.Context, answers []storecopy.Answer) error {
	return immediate(ctx, w.conn, func() error {
		for _, a := range answers {
			err := w.putAnswer.exec(ctx, a.Key, a.Fingerprint, a.CreatedAt, a.Position.Epoch,
				int64(a.Position.Seq), a.Changed, int64(a.Version), a.JSON)
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// Discard implements storecopy.Writer.
func (w *CopyWriter) Discard(ctx context.Context) error {
	return w.conn.exec(ctx, "UPDATE log SET epoch = 'discarded'")
}

// Finish implements storecopy.Writer. It writes the witness first: without one the
// file would get a new epoch when it is opened.
func (w *CopyWriter) Finish(ctx context.Context, head storecopy.Head) error {
	err := w.conn.exec(ctx, "UPDATE log SET epoch = ?1", head.Epoch)
	if err == nil {
		err = w.conn.exec(ctx, "PRAGMA wal_checkpoint(TRUNCATE)")
	}
	if err := errors.Join(err, w.Close()); err != nil {
		return err
	}
	witness, err := openWitness(w.path)
	if err != nil {
		return err
	}
	if err := errors.Join(witness.establish(head.Position, nil), witness.close()); err != nil {
		return err
	}
	if err := os.Rename(w.path+copySuffix, w.path); err != nil {
		return fmt.Errorf("finish the copy: %w", err)
	}
	return removeDatabase(w.path + copySuffix)
}

// removeDatabase removes a database and its -wal and -shm files.
func removeDatabase(path string) error {
	var errs []error
	for _, suffix := range []string{"", "-wal", "-shm"} {
		if err := os.Remove(path + suffix); !errors.Is(err, fs.ErrNotExist) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}
