package sqlite

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"taskctl/pkg/store/writequeue"
	"taskctl/pkg/task"
)

const (
	// maxBatch bounds the writes of one commit, and so the time that later writes wait.
	maxBatch = 512
	// probeInterval is the time between test writes of a store that refuses writes.
	probeInterval = time.Second
)

// writer owns the write connection.
type writer struct {
	queue    *writequeue.Queue
	guard    *fileGuard
	refusing atomic.Pointer[error] // the error of the last commit; nil: none

	conn        *conn
	batch       []*writequeue.Write // in progress
	tx          *transaction
	maintenance *maintenance
	writes      int           // since the last maintenance
	commits     int           // since the last checkpoint
	counter     int64         // the highest value that a commit has written into a checkpoint counter
	head        task.Position // of the log, after the last commit
	witness     *witness
	witnessLost bool // the witness cannot be written; logged once
	refused     int  // writes refused since the writer began to refuse them
	publisher   task.Publisher
	onCommit    func(int, time.Duration)
	wakeIndexer func(events int) // called after each commit
	logger      *slog.Logger
	path        string

	begin, commit, rollback, checkpoint, probe *stmt
	setCounter                                 [2]*stmt // the even and the odd one
}

func openWriter(ctx context.Context, o Options, wakeIndexer func(events int)) (*writer, error) {
	w := &writer{
		queue:       writequeue.New(o.QueueSize),
		publisher:   o.Publisher,
		onCommit:    o.OnCommit,
		wakeIndexer: wakeIndexer,
		logger:      o.Logger,
		path:        o.Path,
	}
	var err error
	if w.conn, err = connectToWrite(ctx, o.Path, "wal_autocheckpoint = 5000"); err != nil {
		return nil, err
	}
	if err := w.prepare(ctx, o); err != nil {
		return nil, errors.Join(err, w.release())
	}
	return w, nil
}

// prepare opens the witness and prepares the statements.
func (w *writer) prepare(ctx context.Context, o Options) (err error) {
	if w.witness, err = openWitness(o.Path); err != nil {
		return err
	}
	err = w.conn.prepare(ctx, map[**stmt]string{
		&w.begin:      "BEGIN IMMEDIATE",
		&w.commit:     "COMMIT",
		&w.rollback:   "ROLLBACK",
		&w.checkpoint: "PRAGMA wal_checkpoint(PASSIVE)",
		&w.probe:      "UPDATE log SET epoch = epoch",

		&w.setCounter[0]: "UPDATE even_checkpoints SET mark = substr(mark, 1, length(mark) - ?2) || ?1 WHERE substr(mark, -?2) < ?1",
		&w.setCounter[1]: "UPDATE odd_checkpoints SET mark = substr(mark, 1, length(mark) - ?2) || ?1 WHERE substr(mark, -?2) < ?1",
	})
	if err != nil {
		return err
	}
	if w.tx, err = newTransaction(ctx, w.conn, o.Now); err != nil {
		return err
	}
	if w.maintenance, err = newMaintenance(ctx, w.conn, o); err != nil {
		return err
	}
	w.conn.disableBusyTimeout()
	return nil
}

// close waits for the accepted writes.
func (w *writer) close() error {
	w.queue.Close()
	<-w.queue.Stopped()
	return w.release()
}

func (w *writer) release() error {
	err := w.conn.Close()
	if w.witness != nil {
		err = errors.Join(err, w.witness.close())
	}
	return err
}

// run commits batches until the store closes, and then the writes that are still
// queued.
func (w *writer) run() {
	defer w.queue.Stop()
	idle := time.NewTicker(maintenanceInterval)
	defer idle.Stop()
	probe := time.NewTimer(probeInterval)
	defer probe.Stop()
	failed := w.guard.failed
	for {
		probing := probe.C
		if w.refusing.Load() == nil {
			probing = nil // no test writes while writes succeed
		}
		select {
		case first := <-w.queue.Writes():
			w.commitBatch(first)
			w.maintain()
		case <-probing:
			w.tryWrite()
			probe.Reset(probeInterval)
		case <-idle.C:
			for w.runMaintenance() && w.queue.Len() == 0 && !w.queue.Closed() {
			}
		case <-failed:
			failed = nil
			w.saveCommitted()
		case <-w.queue.Closing():
			for w.queue.Len() > 0 {
				w.commitBatch(<-w.queue.Writes())
			}
			return
		}
	}
}

// commitBatch commits a batch, publishes its events and then answers its callers.
func (w *writer) commitBatch(first *writequeue.Write) {
	if first.Ctx.Err() != nil {
		return // its caller does not wait any more
	}
	start := time.Now()
	w.batch = append(w.batch, first)
	err := w.guard.check()
	if err == nil {
		err = w.immediate(w.transact)
	}
	if err != nil {
		w.refuse(err)
		return
	}
	// A commit into files that are no longer at their path must not be acknowledged.
	if err := w.guard.check(); err != nil && !w.saveCommitted() {
		w.refuse(err)
		return
	}
	w.accept()
	w.head = w.tx.head
	if len(w.tx.events) > 0 {
		w.recordHead()
		w.wakeIndexer(len(w.tx.events))
		if w.publisher != nil {
			w.publisher.Publish(w.tx.head.Epoch, w.tx.events)
		}
	}
	if w.onCommit != nil {
		w.onCommit(len(w.batch), time.Since(start))
	}
	w.writes += len(w.batch)
	w.commits++
	w.answer()
}

func (w *writer) answer() {
	for _, q := range w.batch {
		q.Answer()
	}
	clear(w.batch)
	w.batch = w.batch[:0]
}

// transact applies a batch in one transaction. An error undoes the whole batch. There
// are no savepoints: a write that is refused alone has not written anything yet.
func (w *writer) transact(ctx context.Context) error {
	// Only now, so that writes queued while another process held the lock are included.
	w.batch = w.queue.Collect(w.batch, maxBatch)
	if err := w.tx.start(ctx); err != nil {
		return err
	}
	if w.tx.head.Epoch == w.head.Epoch && w.tx.head.Seq < w.head.Seq {
		return w.guard.logWentBack()
	}
	for _, q := range w.batch {
		if q.Err = q.Ctx.Err(); q.Err != nil {
			continue // its caller does not wait any more
		}
		var err error
		if q.Result, q.Err, err = w.tx.apply(ctx, &q.Change); err != nil {
			return err
		}
	}
	if len(w.tx.events) == 0 {
		return nil
	}
	return w.advanceCounter(ctx)
}

// advanceCounter makes the first commit after a checkpoint write the next number into a
// checkpoint counter: see counters.
func (w *writer) advanceCounter(ctx context.Context) error {
	next := w.guard.nextCounter()
	if next <= w.counter {
		return nil
	}
	w.counter = next
	return w.setCounter[next%2].exec(ctx, fmt.Sprintf("%0*d", counterDigits, next), int64(counterDigits))
}

// maintain runs maintenance and checkpoints that are due. It is called after the
// callers have their answers.
func (w *writer) maintain() {
	if w.writes >= maintenanceWrites {
		w.runMaintenance()
	}
	if w.commits >= checkpointCommits {
		w.commits = 0
		// A reader may keep it from moving everything; the next checkpoint moves the rest.
		_ = w.checkpoint.exec(context.Background())
	}
}

// runMaintenance runs one maintenance step and reports whether more may follow.
func (w *writer) runMaintenance() (more bool) {
	w.writes = 0
	if w.guard.recent() != nil || w.refusing.Load() != nil {
		return false
	}
	err := w.immediate(func(ctx context.Context) (err error) {
		more, err = w.maintenance.step(ctx)
		return err
	})
	if err != nil {
		w.logger.Warn("old events not removed", slog.Any("error", err))
		if len(w.batch) > 0 {
			w.refuse(err)
		}
		return false
	}
	return more
}

// immediate runs do in a transaction. If the transaction cannot begin, all queued
// writes join the batch and are refused with it. They have waited for the same lock
// already, and would otherwise wait again, batch after batch.
func (w *writer) immediate(do func(context.Context) error) error {
	ctx := context.Background() // one caller must not cancel a batch of many
	if err := retryBusy(ctx, func() error { return w.begin.exec(ctx) }); err != nil {
		w.batch = w.queue.Collect(w.batch, len(w.batch)+w.queue.Len())
		return err
	}
	err := do(ctx)
	if err == nil {
		err = w.commit.exec(ctx)
	}
	if err != nil {
		// This fails if SQLite has rolled back already.
		_ = w.rollback.exec(ctx)
	}
	return err
}

// saveCommitted moves all commits into the database file after its -wal or -shm file
// was removed, and reports whether they are safe there. If the database file itself has
// changed, the next open begins a new epoch, so that clients are told `reset`.
func (w *writer) saveCommitted() bool {
	err := w.guard.check()
	if w.guard.onlyWALRemoved() {
		if err = w.conn.checkpointAll(context.Background()); err == nil {
			w.logger.Warn("all committed writes were saved in the database", slog.String("database", w.path))
			return true
		}
	}
	w.logger.Error("the last committed writes may not be in the database", slog.String("database", w.path), slog.Any("error", err))
	if err := w.witness.discard(w.tx.head.Seq); err != nil {
		w.logger.Error("witness not written", slog.Any("error", err))
	}
	return false
}

// recordHead records the new head in the witness. If that fails, a restored backup may
// not be detected.
func (w *writer) recordHead() {
	err := w.witness.record(w.tx.head)
	if err != nil && !w.witnessLost {
		w.logger.Warn("witness not written", slog.Any("error", err))
	}
	w.witnessLost = err != nil
}
