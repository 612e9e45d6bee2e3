package sqlite

import (
	"bytes"
	"context"
	"time"

	sqlite3 "modernc.org/sqlite/lib"

	"taskctl/pkg/task"
)

// transaction applies the changes of one batch. It is reused for the next batch.
type transaction struct {
	now    func() time.Time
	time   time.Time     // of this batch
	head   task.Position // of the log, including this batch
	events []task.Event  // of this batch; a new slice for each, because it is passed on

	getHead, getTask, addTask, setTask, deleteTask, addEvent *stmt

	keys keys
}

func newTransaction(ctx context.Context, c *conn, now func() time.Time) (*transaction, error) {
	tx := &transaction{now: now}
	err := c.prepare(ctx, map[**stmt]string{
		&tx.getHead:    selectHead,
		&tx.getTask:    `SELECT ` + taskColumns + ` FROM tasks WHERE id = ?1`,
		&tx.addTask:    `INSERT INTO tasks VALUES (?1, ?2, ?3, ?4, ?5)`,
		&tx.setTask:    `UPDATE tasks SET completed = ?2, version = ?3, task = ?4 WHERE n = ?1`,
		&tx.deleteTask: `DELETE FROM tasks WHERE n = ?1`,
		&tx.addEvent:   `INSERT INTO events VALUES (?1, ?2, ?3, ?4, ?5, ?6)`,
	})
	if err != nil {
		return nil, err
	}
	return tx, tx.keys.prepare(ctx, c)
}

// taskColumns are the columns that readTask reads.
const taskColumns = `n, version, task`

// readTask reads a row of taskColumns. The record is valid as long as the row.
func readTask(r row) (n int64, record task.Record) {
	return r.int(0), task.Record{Version: uint64(r.int(1)), JSON: r.bytes(2)}
}

// start reads the head of the log. It is never cached, because another process may
// have written since the last batch.
func (tx *transaction) start(ctx context.Context) (err error) {
	tx.time = task.Timestamp(tx.now())
	tx.events = nil
	tx.head, err = readHead(func(read func(row) error) (bool, error) { return tx.getHead.first(ctx, read) })
	return err
}

// apply applies one change. refused is the reason why this change alone is refused:
// nothing has been written for it, and the result has only the position. err means
// that the whole transaction fails.
func (tx *transaction) apply(ctx context.Context, c *task.Change) (result task.Result, refused, err error) {
	result, refused, err = tx.once(ctx, c)
	if refused != nil {
		result = task.Result{Position: tx.head}
	}
	return result, refused, err
}

// once applies a change, or returns the earlier answer for its idempotency key.
func (tx *transaction) once(ctx context.Context, c *task.Change) (result task.Result, refused, err error) {
	if c.Key.Key == "" {
		return tx.change(ctx, c)
	}
	answer, refused, err := tx.keys.find(ctx, c.Key, tx.time)
	switch {
	case err != nil || refused != nil:
		return task.Result{}, refused, err
	case answer != nil:
		return *answer, nil, nil
	}
	result, refused, err = tx.change(ctx, c)
	if refused == nil && err == nil {
		err = tx.keys.keep(ctx, c.Key, tx.time, result)
	}
	return result, refused, err
}

func (tx *transaction) change(ctx context.Context, c *task.Change) (result task.Result, refused, err error) {
	if c.Kind == task.Create {
		return tx.create(ctx, c)
	}
	n, record, err := tx.get(ctx, c.ID)
	if err != nil {
		return task.Result{}, nil, err
	}
	if n == 0 {
		return task.Result{}, task.ErrNotFound, nil
	}
	before, err := record.Task()
	if err != nil {
		return task.Result{}, err, nil
	}
	o, refused := c.Apply(before, tx.time)
	switch {
	case refused != nil:
		return task.Result{}, refused, nil
	case !o.Changed:
		return task.Result{Task: before, JSON: record.JSON, Position: tx.head}, nil, nil
	}
	json := record.JSON
	if o.Event == task.Deleted {
		err = tx.deleteTask.exec(ctx, n)
	} else {
		o.Task.Version = tx.head.Seq + 1
		json = o.Task.Encode()
		err = tx.setTask.exec(ctx, n, o.Task.Completed, int64(o.Task.Version), json)
	}
	if err != nil {
		return task.Result{}, nil, err
	}
	result, err = tx.log(ctx, n, o, json)
	return result, nil, err
}

// get returns the task with that id; n is 0 if there is none.
func (tx *transaction) get(ctx context.Context, id string) (n int64, record task.Record, err error) {
	_, err = tx.getTask.first(ctx, func(r row) error {
		n, record = readTask(r)
		record.JSON = bytes.Clone(record.JSON)
		return nil
	}, id)
	return n, record, err
}

func (tx *transaction) create(ctx context.Context, c *task.Change) (result task.Result, refused, err error) {
	o := c.New(tx.time)
	o.Task.Version = tx.head.Seq + 1
	n := int64(o.Task.Version)
	json := o.Task.Encode()
	err = tx.addTask.exec(ctx, n, o.Task.ID, o.Task.Completed, n, json)
	if code(err) == sqlite3.SQLITE_CONSTRAINT { // the statement has had no effect
		return task.Result{}, task.Invalid("id", "is taken"), nil
	}
	if err != nil {
		return task.Result{}, nil, err
	}
	result, err = tx.log(ctx, n, o, json)
	return result, nil, err
}

// log adds the event of an applied change.
func (tx *transaction) log(ctx context.Context, n int64, o task.Outcome, json []byte) (task.Result, error) {
	e := task.Event{Seq: tx.head.Seq + 1, Type: o.Event, TaskID: o.Task.ID, Time: o.Time, Task: json}
	err := tx.addEvent.exec(ctx, int64(e.Seq), string(e.Type), n, e.TaskID, e.Time.UnixMilli(), e.Task)
	if err != nil {
		return task.Result{}, err
	}
	tx.head.Seq = e.Seq
	tx.events = append(tx.events, e)
	return task.Result{Task: o.Task, JSON: e.Task, Position: tx.head, Changed: true}, nil
}
