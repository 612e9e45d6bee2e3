package sqlite

import (
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
		&tx.getTask:    `SELECT ` + taskColumns + ` FROM tasks WHERE id = $1`,
		&tx.addTask:    `INSERT INTO tasks VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
		&tx.setTask:    `UPDATE tasks SET title = $2, description = $3, completed = $4, updated_at = $5, version = $6 WHERE n = $1`,
		&tx.deleteTask: `DELETE FROM tasks WHERE n = $1`,
		&tx.addEvent:   `INSERT INTO events VALUES ($1, $2, $3, $4, $5, $6)`,
	})
	if err != nil {
		return nil, err
	}
	return tx, tx.keys.prepare(ctx, c)
}

// taskColumns is what scanTask reads.
const taskColumns = `n, id, title, description, completed, created_at, updated_at, version`

func scanTask(r row) (n int64, t task.Task) {
	return r.int(0), task.Task{
		ID:          r.text(1),
		Title:       r.text(2),
		Description: r.text(3),
		Completed:   r.int(4) != 0,
		CreatedAt:   time.UnixMilli(r.int(5)).UTC(),
		UpdatedAt:   time.UnixMilli(r.int(6)).UTC(),
		Version:     uint64(r.int(7)),
	}
}

// start reads where the log stands. Another process may have written since the
// last batch, so it is never remembered.
func (tx *transaction) start(ctx context.Context) error {
	tx.time = task.Timestamp(tx.now())
	tx.events = nil
	r, err := tx.getHead.first(ctx)
	if err != nil {
		return err
	}
	if r == nil {
		return errNoLog
	}
	tx.head = task.Position{Epoch: r.text(0), Seq: uint64(r.int(1))}
	return nil
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
	r, err := tx.getTask.first(ctx, c.ID)
	if err != nil {
		return task.Result{}, nil, err
	}
	if r == nil {
		return task.Result{}, task.ErrNotFound, nil
	}
	n, before := scanTask(r)
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
		result, err = tx.log(ctx, task.Deleted, n, before, now)
		return result, nil, err
	}
	if err := c.Guard.Check(before); err != nil {
		return task.Result{}, err, nil
	}
	after, changed := c.Patch.Apply(before)
	if !changed {
		return task.Result{Task: before, JSON: before.AppendJSON(nil), Position: tx.head}, nil, nil
	}
	after.UpdatedAt = now
	after.Version = tx.head.Seq + 1
	if err := tx.setTask.exec(ctx, n, after.Title, after.Description, after.Completed,
		after.UpdatedAt.UnixMilli(), int64(after.Version)); err != nil {
		return task.Result{}, nil, err
	}
	result, err = tx.log(ctx, task.Updated, n, after, now)
	return result, nil, err
}

func (tx *transaction) create(ctx context.Context, c *task.Change) (result task.Result, refused, err error) {
	seq := tx.head.Seq + 1
	t, _ := c.Patch.Apply(task.Task{ID: c.ID, CreatedAt: tx.time, UpdatedAt: tx.time, Version: seq})
	ms := tx.time.UnixMilli()
	err = tx.addTask.exec(ctx, int64(seq), t.ID, t.Title, t.Description, t.Completed, ms, ms, int64(seq))
	if code(err) == sqlite3.SQLITE_CONSTRAINT { // the statement has undone itself
		return task.Result{}, task.Invalid("id", "is taken"), nil
	}
	if err != nil {
		return task.Result{}, nil, err
	}
	result, err = tx.log(ctx, task.Created, int64(seq), t, tx.time)
	return result, nil, err
}

// log adds the event of a change that has been made. The task is encoded here,
// once, for the log, the answer and everyone who is notified.
func (tx *transaction) log(ctx context.Context, typ task.EventType, n int64, t task.Task, now time.Time) (task.Result, error) {
	e := task.Event{
		Seq:    tx.head.Seq + 1,
		Type:   typ,
		TaskID: t.ID,
		Time:   now,
		Task:   t.AppendJSON(make([]byte, 0, len(t.Title)+len(t.Description)+192)),
	}
	err := tx.addEvent.exec(ctx, int64(e.Seq), string(e.Type), n, e.TaskID, e.Time.UnixMilli(), e.Task)
	if err != nil {
		return task.Result{}, err
	}
	tx.head.Seq = e.Seq
	tx.events = append(tx.events, e)
	return task.Result{Task: t, JSON: e.Task, Position: tx.head, Changed: true}, nil
}
