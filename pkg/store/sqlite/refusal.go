package sqlite

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"

	sqlite3 "modernc.org/sqlite/lib"

	"taskctl/pkg/task"
)

// accept records that writes are possible again.
func (w *writer) accept() {
	if w.refusing.Swap(nil) != nil {
		w.logger.Info("writes are accepted again", slog.Int("refused", w.refused))
	}
}

// refuse answers the batch with an error, after none of it was written. Of several
// failures in a row only the first is logged.
func (w *writer) refuse(err error) {
	busy := code(err) == sqlite3.SQLITE_BUSY // another process has held the lock for too long
	err = unavailable("write", err)
	if busy {
		w.logger.Warn("writes not committed", slog.Int("writes", len(w.batch)), slog.Any("error", err))
	} else if w.refusing.Swap(&err) == nil {
		w.logger.Error("writes are refused", slog.String("database", w.path), slog.Any("error", err))
		w.refused = 0
	}
	w.refused += len(w.batch)
	w.counter = 0 // the transaction that advanced it was rolled back
	for _, q := range w.batch {
		q.Result, q.Err = task.Result{}, err
	}
	w.answer()
}

// requiredSpace is how much space there must be before writes count as possible again,
// in bytes. A test write of SQLite may fit where no task does.
const requiredSpace = 1 << 20

// tryWrite checks whether writes are possible again after a failed one.
func (w *writer) tryWrite() {
	err := w.guard.check()
	if err == nil {
		err = checkSpace(filepath.Dir(w.path))
	}
	if err == nil {
		err = w.immediate(func(ctx context.Context) error { return w.probe.exec(ctx) })
	}
	if err != nil {
		w.refuse(err)
		return
	}
	w.accept()
}

// checkSpace writes a temporary file, because what a file system says of its free space
// knows neither quotas nor reserves.
func checkSpace(dir string) (err error) {
	file, err := os.CreateTemp(dir, ".space-*")
	if err != nil {
		return err
	}
	_ = os.Remove(file.Name()) // now, so that a kill leaves nothing; Windows needs it closed
	_, err = file.Write(make([]byte, requiredSpace))
	if err == nil {
		err = file.Sync() // space may be assigned only now
	}
	err = errors.Join(err, file.Close())
	_ = os.Remove(file.Name())
	return err
}

// checkWrite returns why writes are refused, or nil.
func (w *writer) checkWrite() error {
	if err := w.guard.recent(); err != nil {
		return err
	}
	if err := w.refusing.Load(); err != nil {
		return &refusedError{fileError(w.path, *err)}
	}
	return nil
}

// refusedError is the reason why writes are refused, for the operator.
type refusedError struct{ error }

func (e *refusedError) Unwrap() []error { return []error{task.ErrUnavailable, e.error} }
