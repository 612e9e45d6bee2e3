package sqlite

import (
	"context"
	"log/slog"

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

// tryWrite checks whether writes are possible again after a failed one.
func (w *writer) tryWrite() {
	err := w.guard.check()
	if err == nil {
		err = w.immediate(func(ctx context.Context) error { return w.probe.exec(ctx) })
	}
	if err != nil {
		w.refuse(err)
		return
	}
	w.accept()
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
