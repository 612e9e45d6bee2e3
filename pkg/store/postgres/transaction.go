package postgres

import (
	"bytes"
	"errors"
	"time"

	"taskctl/pkg/store/writequeue"
	"taskctl/pkg/task"
)

// transaction commits one batch of changes.
//
// A batch of new tasks only is one statement, which fails as a whole if an id or a key
// exists. Any other batch takes two round trips: the first takes the lock and reads the
// present state, the second writes all results and commits. A change that is refused
// alone is refused before anything is written, so it does not affect the others.
type transaction struct {
	sql    *statements
	now    time.Time
	writes []*writequeue.Write

	head   task.Position // of the log, including this batch
	events []task.Event  // of this batch; a new slice for each, because it is passed on
	ns     []int64       // tasks.n of each event

	tasks   map[string]*stored // by id
	answers map[string]answer  // by idempotency key
	kept    []keptAnswer       // new answers to store

	// committing says that the COMMIT was sent, so the batch may be committed.
	committing bool
}

// stored is a task in the table, before and after the batch.
type stored struct {
	n       int64 // its key before the batch; 0: it did not exist
	newN    int64 // its key after the batch; 0: it does not exist
	task    task.Task
	json    []byte
	touched bool
}

type keptAnswer struct {
	key    task.IdempotencyKey
	result *task.Result
}

func newTransaction(sql *statements, now time.Time, writes []*writequeue.Write) *transaction {
	return &transaction{sql: sql, now: now, writes: writes}
}

// run commits the batch and sets the answer of each write. An error means that nothing
// was written, unless committing is set.
func (t *transaction) run(c *conn) error {
	c.warned = nil
	if t.onlyCreates() {
		err := t.create(c)
		if !conflict(err) {
			return err
		}
		t.committing = false
	}
	if err := t.read(c); err != nil {
		return t.abandon(c, err)
	}
	for _, w := range t.writes {
		if w.Err = w.Ctx.Err(); w.Err != nil {
			continue // its caller does not wait any more
		}
		if w.Result, w.Err = t.once(&w.Change); w.Err != nil {
			w.Result = task.Result{Position: t.head}
		}
	}
	t.committing = true
	if err := c.do(t.effects()...); err != nil {
		return t.abandon(c, err)
	}
	return t.replicated(c)
}

// replicated returns an error if the server warned that it answered the commit before
// the replica had it.
func (t *transaction) replicated(c *conn) error {
	if c.warned != nil {
		return errors.Join(errNotReplicated, errors.New(c.warned.Message))
	}
	return nil
}

// abandon rolls back the transaction, if one is open.
func (t *transaction) abandon(c *conn, err error) error {
	if !c.pg.IsClosed() && c.pg.TxStatus() != 'I' {
		err = errors.Join(err, c.do(t.sql.rollback.with()))
	}
	return err
}

// onlyCreates reports whether the batch consists of new tasks only, without a repeated
// key.
func (t *transaction) onlyCreates() bool {
	keys := make(map[string]struct{})
	for _, w := range t.writes {
		if w.Change.Kind != task.Create || w.Ctx.Err() != nil {
			return false
		}
		if key := w.Change.Key.Key; key != "" {
			if _, twice := keys[key]; twice {
				return false
			}
			keys[key] = struct{}{}
		}
	}
	return true
}

// create commits a batch of new tasks in one round trip.
func (t *transaction) create(c *conn) error {
	var (
		ids          []string
		completed    []bool
		bodies       texts
		searches     []string
		keys, prints [][]byte
		ordinals     []int64
		keptTasks    texts
	)
	for i, w := range t.writes {
		o := w.Change.New(t.now)
		json := o.Task.Encode()
		w.Result = task.Result{Task: o.Task, JSON: json, Changed: true}
		ids = append(ids, o.Task.ID)
		completed = append(completed, o.Task.Completed)
		bodies = append(bodies, json)
		searches = append(searches, searchText(o.Task))
		if k := w.Change.Key; k.Key != "" {
			keys = append(keys, []byte(k.Key))
			prints = append(prints, k.Fingerprint[:])
			ordinals = append(ordinals, int64(i+1))
			keptTasks = append(keptTasks, json)
		}
	}
	t.committing = true
	err := c.do(t.sql.create.reading(func(r row) error {
		t.head = task.Position{Epoch: r.text(0), Seq: uint64(r.int(1))}
		return nil
	}, ids, completed, bodies, searches, t.now.UnixMilli(), keys, prints, ordinals, keptTasks))
	if err != nil {
		return err
	}
	t.events = make([]task.Event, 0, len(t.writes))
	for _, w := range t.writes {
		t.log(&w.Result, task.Outcome{Task: w.Result.Task, Event: task.Created, Time: t.now})
	}
	return t.replicated(c)
}

// read takes the lock and reads the tasks and keys that the changes depend on.
func (t *transaction) read(c *conn) error {
	t.tasks, t.answers = map[string]*stored{}, map[string]answer{}
	var ids []string
	var keys [][]byte
	for _, w := range t.writes {
		ids = append(ids, w.Change.ID)
		if k := w.Change.Key.Key; k != "" {
			keys = append(keys, []byte(k))
		}
	}
	calls := []call{
		t.sql.begin.with(),
		t.sql.lock.reading(func(r row) error { t.head.Epoch = r.text(0); return nil }),
		t.sql.head.reading(func(r row) error { t.head.Seq = uint64(r.int(0)); return nil }),
		t.sql.tasksByID.reading(t.found, ids),
	}
	if len(keys) > 0 {
		calls = append(calls, t.sql.keysByKey.reading(t.foundAnswer, keys))
	}
	return c.do(calls...)
}

func (t *transaction) found(r row) error {
	record := task.Record{Version: uint64(r.int(1)), JSON: bytes.Clone(r.bytes(2))}
	decoded, err := record.Task()
	if err == nil {
		t.tasks[decoded.ID] = &stored{n: r.int(0), newN: r.int(0), task: decoded, json: record.JSON}
	}
	return err
}

func (t *transaction) foundAnswer(r row) error {
	key, a := readAnswer(r)
	t.answers[key] = a
	return nil
}

// once applies a change, or returns the earlier answer for its idempotency key.
func (t *transaction) once(c *task.Change) (task.Result, error) {
	if a, known := t.answers[c.Key.Key]; known && c.Key.Key != "" {
		result, err := a.to(c.Key, t.now)
		if !errors.Is(err, errExpired) {
			return result, err
		}
	}
	result, err := t.change(c)
	if err == nil && c.Key.Key != "" {
		t.kept = append(t.kept, keptAnswer{c.Key, &result})
		t.answers[c.Key.Key] = answer{
			fingerprint: c.Key.Fingerprint[:], createdAt: t.now.UnixMilli(), position: result.Position,
			changed: result.Changed, record: task.Record{Version: result.Task.Version, JSON: result.JSON},
		}
	}
	return result, err
}

func (t *transaction) change(c *task.Change) (task.Result, error) {
	s := t.tasks[c.ID]
	there := s != nil && s.newN != 0
	if c.Kind == task.Create {
		if there {
			return task.Result{}, task.Invalid("id", "is taken")
		}
		if s == nil {
			s = &stored{}
			t.tasks[c.ID] = s
		}
		s.newN = int64(t.head.Seq) + 1
		return t.put(s, c.New(t.now)), nil
	}
	if !there {
		return task.Result{}, task.ErrNotFound
	}
	o, err := c.Apply(s.task, t.now)
	if err != nil {
		return task.Result{}, err
	}
	if !o.Changed {
		return task.Result{Task: s.task, JSON: s.json, Position: t.head}, nil
	}
	if o.Event == task.Deleted {
		result := task.Result{Task: s.task, JSON: s.json}
		n := s.newN
		s.newN, s.touched = 0, true
		t.logAs(n, &result, o)
		return result, nil
	}
	return t.put(s, o), nil
}

// put records the result of a change, and logs its event.
func (t *transaction) put(s *stored, o task.Outcome) task.Result {
	o.Task.Version = t.head.Seq + 1
	s.task, s.json, s.touched = o.Task, o.Task.Encode(), true
	result := task.Result{Task: s.task, JSON: s.json}
	t.logAs(s.newN, &result, o)
	return result
}

// logAs is log for a task whose key is n.
func (t *transaction) logAs(n int64, result *task.Result, o task.Outcome) {
	t.log(result, o)
	t.ns = append(t.ns, n)
}

// log adds the event of a change, and its position to the change's result. A
// deleted task keeps the version it had.
func (t *transaction) log(result *task.Result, o task.Outcome) {
	t.head.Seq++
	t.events = append(t.events, task.Event{
		Seq: t.head.Seq, Type: o.Event, TaskID: result.Task.ID, Time: o.Time, Task: result.JSON,
	})
	if o.Event != task.Deleted {
		result.Task.Version = t.head.Seq
	}
	result.Position, result.Changed = t.head, true
}
