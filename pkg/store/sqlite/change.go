package sqlite

import (
	"bytes"
	"context"
	"slices"
	"time"

	sqlite3 "modernc.org/sqlite/lib"

	"github.com/taskctl/taskctl/pkg/task"
)

// transaction applies the changes of one batch. It is used again for the next.
type transaction struct {
	now    func() time.Time
	time   time.Time     // of this batch
	head   task.Position // of the log, with what this batch has added
	events []task.Event  // of this batch; handed on, so made anew for each

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

// taskColumns is what found reads.
const taskColumns = `n, version, task`

// found is a row of tasks. Its record is valid as long as the row is.
func found(r row) (n int64, record task.Record) {
	return r.int(0), task.Record{Version: uint64(r.int(1)), JSON: r.bytes(2)}
}

// start reads where the log stands. Another process may have written since the
// last batch, so it is never remembered.
func (tx *transaction) start(ctx context.Context) (err error) {
	tx.time = task.Timestamp(tx.now())
	tx.events = nil
	tx.head, err = readHead(func(read func(row) error) (bool, error) { return tx.getHead.first(ctx, read) })
	return err
}

// apply does one change. refused is what is wrong with it, and then nothing has
// been written and the result only says where the log stood; err is what is wrong
// with the whole transaction.
func (tx *transaction) apply(ctx context.Context, c *task.Change) (result task.Result, refused, err error) {
	result, refused, err = tx.once(ctx, c)
	if refused != nil {
		result = task.Result{Position: tx.head}
	}
	return result, refused, err
}

// once does a change, or returns the answer that its key had before.
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
	if c.IfMatch != nil && !slices.Contains(c.IfMatch, before.Version) {
		return task.Result{}, task.ErrVersion, nil
	}
	// A clock that was set back does not make the task go back.
	now := tx.time
	if now.Before(before.UpdatedAt) {
		now = before.UpdatedAt
	}
	if c.Kind == task.Delete {
		if err := tx.deleteTask.exec(ctx, n); err != nil {
			return task.Result{}, nil, err
		}
		result, err = tx.log(ctx, n, before, task.Event{Type: task.Deleted, Time: now, Task: record.JSON})
		return result, nil, err
	}
	if err := c.Guard.Check(before); err != nil {
		return task.Result{}, err, nil
	}
	after, changed := c.Patch.Apply(before)
	if !changed {
		return task.Result{Task: before, JSON: record.JSON, Position: tx.head}, nil, nil
	}
	after.UpdatedAt = now
	after.Version = tx.head.Seq + 1
	json := encode(after)
	if err := tx.setTask.exec(ctx, n, after.Completed, int64(after.Version), json); err != nil {
		return task.Result{}, nil, err
	}
	result, err = tx.log(ctx, n, after, task.Event{Type: task.Updated, Time: now, Task: json})
	return result, nil, err
}

// get returns the task with that id; n is 0 where there is none.
func (tx *transaction) get(ctx context.Context, id string) (n int64, record task.Record, err error) {
	_, err = tx.getTask.first(ctx, func(r row) error {
		n, record = found(r)
		record.JSON = bytes.Clone(record.JSON)
		return nil
	}, id)
	return n, record, err
}

func (tx *transaction) create(ctx context.Context, c *task.Change) (result task.Result, refused, err error) {
	seq := tx.head.Seq + 1
	t, _ := c.Patch.Apply(task.Task{ID: c.ID, CreatedAt: tx.time, UpdatedAt: tx.time, Version: seq})
	json := encode(t)
	err = tx.addTask.exec(ctx, int64(seq), t.ID, t.Completed, int64(seq), json)
	if code(err) == sqlite3.SQLITE_CONSTRAINT { // the statement has undone itself
		return task.Result{}, task.Invalid("id", "is taken"), nil
	}
	if err != nil {
		return task.Result{}, nil, err
	}
	result, err = tx.log(ctx, int64(seq), t, task.Event{Type: task.Created, Time: tx.time, Task: json})
	return result, nil, err
}

// encode is done once for each change: for the store, the log, the answer and
// everyone who is notified or reads it later.
func encode(t task.Task) []byte {
	return t.AppendJSON(make([]byte, 0, len(t.Title)+len(t.Description)+192))
}

// log adds the event of a change that has been made.
func (tx *transaction) log(ctx context.Context, n int64, t task.Task, e task.Event) (task.Result, error) {
	e.Seq, e.TaskID = tx.head.Seq+1, t.ID
	err := tx.addEvent.exec(ctx, int64(e.Seq), string(e.Type), n, e.TaskID, e.Time.UnixMilli(), e.Task)
	if err != nil {
		return task.Result{}, err
	}
	tx.head.Seq = e.Seq
	tx.events = append(tx.events, e)
	return task.Result{Task: t, JSON: e.Task, Position: tx.head, Changed: true}, nil
}
