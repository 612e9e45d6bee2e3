package sqlite

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"time"

	"github.com/taskctl/taskctl/pkg/task"
)

// maxBatch bounds the writes of one commit, and with it how long the others wait.
const maxBatch = 512

// write is one queued change, and then its answer.
type write struct {
	ctx    context.Context
	change task.Change
	result task.Result
	err    error
	done   chan struct{} // closed when result and err are set
}

// writer owns the write connection. Whatever is queued when a commit ends forms
// the next batch: no timer, so a lone write starts at once, and the busier the
// store is, the more writes share a sync.
type writer struct {
	queue   chan *write
	closing <-chan struct{}
	stopped chan struct{} // closed when nothing in the queue will be done any more

	conn      *conn
	batch     []*write // in hand
	tx        *transaction
	upkeep    *upkeep
	writes    int // since the last upkeep
	commits   int // since the last checkpoint
	witness   *witness
	lost      bool // the witness cannot be written, and that has been said
	publisher task.Publisher
	onCommit  func(int, time.Duration)
	committed func(events int) // tells the indexer
	logger    *slog.Logger

	begin, commit, rollback, checkpoint *stmt
}

func openWriter(ctx context.Context, o Options, closing <-chan struct{}, committed func(int)) (w *writer, err error) {
	w = &writer{
		queue:     make(chan *write, o.QueueSize),
		closing:   closing,
		stopped:   make(chan struct{}),
		publisher: o.Publisher,
		onCommit:  o.OnCommit,
		committed: committed,
		logger:    o.Logger,
	}
	w.conn, err = connectToWrite(ctx, o.Path, "wal_autocheckpoint = 5000")
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, w.release())
		}
	}()
	if w.witness, err = openWitness(o.Path); err != nil {
		return nil, err
	}
	err = w.conn.prepare(ctx, map[**stmt]string{
		&w.begin:      "BEGIN IMMEDIATE",
		&w.commit:     "COMMIT",
		&w.rollback:   "ROLLBACK",
		&w.checkpoint: "PRAGMA wal_checkpoint(PASSIVE)",
	})
	if err != nil {
		return nil, err
	}
	if w.tx, err = newTransaction(ctx, w.conn, o.Now); err != nil {
		return nil, err
	}
	if w.upkeep, err = newUpkeep(ctx, w.conn, o); err != nil {
		return nil, err
	}
	w.conn.leaveWaiting()
	return w, nil
}

// close waits for what was accepted.
func (w *writer) close() error {
	<-w.stopped
	return w.release()
}

func (w *writer) release() error {
	err := w.conn.Close()
	if w.witness != nil {
		err = errors.Join(err, w.witness.close())
	}
	return err
}

// write queues a change and waits for its answer.
func (w *writer) write(ctx context.Context, c task.Change) (task.Result, error) {
	if err := ctx.Err(); err != nil {
		return task.Result{}, err
	}
	if closed(w.closing) {
		return task.Result{}, errClosed
	}
	q := &write{ctx: ctx, change: c, done: make(chan struct{})}
	select {
	case w.queue <- q:
	default:
		return task.Result{}, fmt.Errorf("write queue full: %w", task.ErrUnavailable)
	}
	select {
	case <-q.done:
		return q.result, q.err
	case <-ctx.Done():
		return task.Result{}, ctx.Err()
	case <-w.stopped:
	}
	select {
	case <-q.done:
		return q.result, q.err
	default: // queued behind the writer's back as it left
		return task.Result{}, errClosed
	}
}

// run commits batches until the store closes, and then what is left.
func (w *writer) run() {
	defer close(w.stopped)
	idle := time.NewTicker(upkeepInterval)
	defer idle.Stop()
	for {
		select {
		case first := <-w.queue:
			w.do(first)
			w.keepUp()
		case <-idle.C:
			for again := true; again; {
				again = w.tidy() && len(w.queue) == 0 && !closed(w.closing)
			}
		case <-w.closing:
			for len(w.queue) > 0 {
				w.do(<-w.queue)
			}
			return
		}
	}
}

// do commits a batch, publishes its events and then gives every answer.
func (w *writer) do(first *write) {
	if first.ctx.Err() != nil {
		return // nobody waits for it any more
	}
	start := time.Now()
	w.batch = append(w.batch, first)
	if err := w.immediate(w.transact); err != nil {
		w.refuse(err)
		return
	}
	if len(w.tx.events) > 0 {
		w.testify()
		w.committed(len(w.tx.events))
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

// refuse answers the batch, if there is one, with an error: none of it has been
// written.
func (w *writer) refuse(err error) {
	if len(w.batch) == 0 {
		return
	}
	err = unavailable("write", err)
	w.logger.Error("writes not committed", slog.Int("writes", len(w.batch)), slog.Any("error", err))
	for _, q := range w.batch {
		q.result, q.err = task.Result{}, err
	}
	w.answer()
}

func (w *writer) answer() {
	for _, q := range w.batch {
		close(q.done)
	}
	clear(w.batch)
	w.batch = w.batch[:0]
}

// transact does a batch in one transaction. An error undoes all of it. What is
// wrong with one write alone is found before it has written anything, so it
// needs no savepoint and spoils no other.
func (w *writer) transact(ctx context.Context) error {
	// Here first: those that came while another held the lock join in.
	w.collect(maxBatch)
	if err := w.tx.start(ctx); err != nil {
		return err
	}
	for _, q := range w.batch {
		if q.err = q.ctx.Err(); q.err != nil {
			continue // nobody waits for it any more
		}
		var err error
		if q.result, q.err, err = w.tx.apply(ctx, &q.change); err != nil {
			return err
		}
	}
	return nil
}

// collect adds what is queued to the batch, up to most. It first lets those whose
// answer has just come queue their next write: else each big batch is followed by
// one of a single write, and each write waits for two syncs.
func (w *writer) collect(most int) {
	runtime.Gosched()
	for len(w.batch) < most {
		select {
		case q := <-w.queue:
			w.batch = append(w.batch, q)
		default:
			return
		}
	}
}

// keepUp does what is due after so many writes, when they have been answered.
func (w *writer) keepUp() {
	if w.writes >= upkeepWrites {
		w.tidy()
	}
	if w.commits >= checkpointCommits {
		w.commits = 0
		// What it does not manage, because someone reads, the next one does.
		_ = w.checkpoint.exec(context.Background())
	}
}

// tidy does a step of upkeep and reports whether there may be more to do.
func (w *writer) tidy() (more bool) {
	w.writes = 0
	err := w.immediate(func(ctx context.Context) (err error) {
		more, err = w.upkeep.step(ctx)
		return err
	})
	if err != nil {
		w.logger.Warn("old events not removed", slog.Any("error", err))
		w.refuse(err)
		return false
	}
	return more
}

// immediate runs do in a transaction, all of it or nothing. If it cannot begin,
// all that is queued joins the batch, to be refused with it: it has waited for
// the same lock, and would wait as long again, one batch after another, while the
// store may be closing.
func (w *writer) immediate(do func(context.Context) error) error {
	ctx := context.Background() // what many wait for is no one's to cancel
	if err := retryBusy(ctx, func() error { return w.begin.exec(ctx) }); err != nil {
		w.collect(len(w.batch) + len(w.queue))
		return err
	}
	err := do(ctx)
	if err == nil {
		err = w.commit.exec(ctx)
	}
	if err != nil {
		// SQLite may have rolled back already, and then refuses to.
		_ = w.rollback.exec(ctx)
	}
	return err
}

// testify records the new head in the witness. Without it the log is as good,
// but a restored backup may go unnoticed.
func (w *writer) testify() {
	err := w.witness.record(w.tx.head)
	if err != nil && !w.lost {
		w.logger.Warn("witness not written", slog.Any("error", err))
	}
	w.lost = err != nil
}
