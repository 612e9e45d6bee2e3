package postgres

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"taskctl/pkg/store/writequeue"
	"taskctl/pkg/task"
	"taskctl/pkg/wait"
)

// maxBatch bounds the writes of one commit, and so the time that later writes wait.
const maxBatch = 512

var (
	errReadOnly = fmt.Errorf("write to a store opened for reading: %w", task.ErrUnavailable)
	errAway     = fmt.Errorf("PostgreSQL is not connected: %w", task.ErrUnavailable)
	// errUncertain means that the connection broke before the commit was answered, so
	// the batch may be committed.
	errUncertain = fmt.Errorf("the connection broke before the commit was confirmed; the write may have happened: %w", task.ErrUnavailable)
)

// writer owns the connection that writes.
type writer struct {
	queue     *writequeue.Queue
	connector *connector
	sql       *statements
	options   Options
	away      atomic.Bool // no connection: writes are refused at once

	conn  *conn               // nil: not connected
	head  task.Position       // the highest position that this node has acknowledged
	batch []*writequeue.Write // in progress
	used  time.Time           // time of the last use of conn
	count int                 // writes since the last call of written

	written func() // notifies the maintenance
}

func newWriter(c *connector, sql *statements, written func()) *writer {
	w := &writer{
		queue: writequeue.New(c.options.QueueSize), connector: c, sql: sql, options: c.options, written: written,
	}
	w.away.Store(true)
	return w
}

// write queues a change and waits for its answer.
func (w *writer) write(ctx context.Context, c task.Change) (task.Result, error) {
	if w.away.Load() && !w.queue.Closed() {
		return task.Result{}, errAway
	}
	return w.queue.Do(ctx, c)
}

// close waits for the accepted writes.
func (w *writer) close() {
	w.queue.Close()
	<-w.queue.Stopped()
}

// run commits batches until the store closes, and then the writes that are still
// queued.
func (w *writer) run() {
	defer w.queue.Stop()
	defer w.disconnect()
	for {
		if w.conn == nil && !w.reconnect() {
			return
		}
		select {
		case first := <-w.queue.Writes():
			w.do(first)
		case <-w.queue.Closing():
			for w.queue.Len() > 0 && w.conn != nil {
				w.do(<-w.queue.Writes())
			}
			w.refuseQueued(errClosed)
			return
		}
	}
}

// reconnect retries until there is a connection, and refuses writes meanwhile. It
// returns false when the store closes.
func (w *writer) reconnect() bool {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	go func() { // so that an attempt to connect does not delay the end
		select {
		case <-w.queue.Closing():
			cancel()
		case <-ctx.Done():
		}
	}()
	for failures := 0; ; failures++ {
		err := w.connect(ctx)
		if err == nil {
			if failures > 0 {
				w.options.Logger.Info("connected to PostgreSQL again", slog.String("server", w.connector.name()))
			}
			return true
		}
		w.away.Store(true)
		w.refuseQueued(errAway)
		if ctx.Err() != nil {
			return false
		}
		if failures == 0 {
			w.options.Logger.Error("no connection to PostgreSQL", slog.Any("error", err))
		}
		if !wait.Sleep(ctx, betweenAttempts().Delay(failures)) {
			w.refuseQueued(errClosed)
			return false
		}
	}
}

// connect opens a connection and settles the epoch of the log.
func (w *writer) connect(ctx context.Context) error {
	c, err := w.connector.connect(ctx)
	if err != nil {
		return err
	}
	if err := w.settleEpoch(c); err != nil {
		return errors.Join(err, c.close())
	}
	w.begin(c)
	return nil
}

// begin makes c the connection of the writer.
func (w *writer) begin(c *conn) {
	w.conn, w.used = c, time.Now()
	w.away.Store(false)
}

func (w *writer) disconnect() {
	if w.conn != nil {
		_ = w.conn.close() // all its writes have been answered
		w.conn = nil
	}
}

// refuseQueued answers everything that is queued with err.
func (w *writer) refuseQueued(err error) {
	for w.queue.Len() > 0 {
		q := <-w.queue.Writes()
		q.Err = err
		q.Answer()
	}
}

// staleAfter is how long a connection may be idle before it is checked, because the
// result of a write on a dead connection is uncertain.
const staleAfter = time.Second

// do commits a batch, publishes its events and then answers its callers.
func (w *writer) do(first *writequeue.Write) {
	start := time.Now()
	w.batch = w.queue.Collect(append(w.batch[:0], first), maxBatch)
	if start.Sub(w.used) > staleAfter {
		if _, err := w.conn.value("SELECT 1"); err != nil {
			w.disconnect()
			if !w.reconnectOnce() {
				w.refuse(errAway)
				return
			}
		}
	}
	t := newTransaction(w.sql, task.Timestamp(w.options.Now()), w.batch)
	err := t.run(w.conn)
	w.used = time.Now()
	if err != nil {
		w.fail(t, err)
		return
	}
	w.finish(t, start)
}

// reconnectOnce tries once to replace a connection that has turned out dead.
func (w *writer) reconnectOnce() bool {
	err := w.connect(context.Background())
	if err != nil {
		w.options.Logger.Warn("the connection to PostgreSQL is lost", slog.Any("error", err))
	}
	return err == nil
}

// finish publishes the events of a committed batch and answers its callers.
func (w *writer) finish(t *transaction, start time.Time) {
	if len(t.events) > 0 {
		w.head = t.head
		if w.options.Publisher != nil {
			w.options.Publisher.Publish(t.head.Epoch, t.events)
		}
	}
	if w.options.OnCommit != nil {
		w.options.OnCommit(len(w.batch), time.Since(start))
	}
	w.answer()
	if w.count += len(w.batch); w.count >= maintainWrites {
		w.count = 0
		w.written()
	}
}

func (w *writer) answer() {
	for i, q := range w.batch {
		q.Answer()
		w.batch[i] = nil
	}
}

// refuse answers the batch with err.
func (w *writer) refuse(err error) {
	for _, q := range w.batch {
		q.Result, q.Err = task.Result{}, err
	}
	w.answer()
}

// fail answers a batch whose transaction failed.
func (w *writer) fail(t *transaction, err error) {
	w.options.Logger.Error("writes not committed", slog.Int("writes", len(w.batch)),
		slog.Bool("uncertain", t.committing && uncertain(err)), slog.Any("error", err))
	switch {
	case t.committing && uncertain(err):
		w.disconnect()
		w.resolve(t)
	case lost(err):
		w.disconnect()
		w.refuse(unavailable("write", err))
	default:
		if w.conn.broken() {
			w.disconnect()
		}
		w.refuse(unavailable("write", err))
	}
}

// resolve answers a batch that may have been committed. It looks up the writes that
// have a key: if the key is stored, the write gets its stored answer. All other writes
// get errUncertain. It publishes nothing, because receivers read the log.
func (w *writer) resolve(t *transaction) {
	var answers map[string]answer
	if t.hasKeys() && w.reconnectOnce() {
		found, err := t.lookUp(w.conn)
		if err != nil {
			w.options.Logger.Warn("answers of an uncertain commit not found", slog.Any("error", err))
			w.disconnect()
		}
		answers = found
	}
	for _, q := range w.batch {
		q.Result, q.Err = task.Result{}, errUncertain
		a, known := answers[q.Change.Key.Key]
		if known && q.Change.Key.Key != "" {
			q.Result, q.Err = a.to(q.Change.Key, t.now)
			if errors.Is(q.Err, errExpired) {
				q.Result, q.Err = task.Result{}, errUncertain
			}
		}
	}
	w.answer()
}
