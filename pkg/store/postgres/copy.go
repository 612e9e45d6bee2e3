package postgres

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"taskctl/pkg/store/storecopy"
	"taskctl/pkg/task"
	"taskctl/pkg/wait"
)

// copySuffix ends the name of the schema of a copy until the copy is complete.
const copySuffix = "_copy"

// ErrExists means that the target schema of a copy exists already.
var ErrExists = errors.New("the schema exists already")

// ErrInUse means that a taskctl is connected to the database.
var ErrInUse = errors.New("a taskctl is connected to the database")

// CopyReader reads everything in a schema.
type CopyReader struct {
	conn   *conn
	sql    *copyStatements
	schema string
}

// CopyWriter writes a schema from another store.
type CopyWriter struct {
	CopyReader
	write  *statements
	target string
}

var (
	_ storecopy.Reader = (*CopyReader)(nil)
	_ storecopy.Writer = (*CopyWriter)(nil)
)

// OpenCopyReader opens a schema for reading. It returns ErrInUse if a taskctl uses the
// schema.
func OpenCopyReader(ctx context.Context, o Options) (*CopyReader, error) {
	c, o, err := openForCopy(ctx, o)
	if err != nil {
		return nil, err
	}
	scripts, err := migrations()
	if err == nil {
		var version int
		if version, err = schemaVersion(c, o.Schema); err == nil && version != len(scripts) {
			err = fmt.Errorf("schema %s has version %d, and not %d: start this taskctl on it once", o.Schema, version, len(scripts))
		}
	}
	if err != nil {
		return nil, errors.Join(err, c.close())
	}
	return &CopyReader{conn: c, sql: newCopyStatements(o.Schema), schema: o.Schema}, nil
}

// OpenCopyWriter begins a copy of a source whose head is head, or continues an
// interrupted one. It returns ErrExists if the schema exists.
func OpenCopyWriter(ctx context.Context, o Options, head storecopy.Head) (*CopyWriter, error) {
	c, o, err := openForCopy(ctx, o)
	if err != nil {
		return nil, err
	}
	w := &CopyWriter{
		CopyReader: CopyReader{conn: c, schema: o.Schema + copySuffix},
		target:     o.Schema,
	}
	w.sql, w.write = newCopyStatements(w.schema), newStatements(w.schema)
	if err := w.begin(head); err != nil {
		return nil, errors.Join(err, c.close())
	}
	return w, nil
}

func openForCopy(ctx context.Context, o Options) (*conn, Options, error) {
	o = o.withDefaults()
	connector, err := newConnector(o)
	if err != nil {
		return nil, o, err
	}
	c, err := connector.connectFirst(ctx)
	if err != nil {
		return nil, o, err
	}
	err = checkUnused(ctx, c)
	if err == nil {
		err = c.exec("SET statement_timeout = 0")
	}
	if err != nil {
		return nil, o, errors.Join(err, c.close())
	}
	c.timeout = time.Hour // of one statement, because the verification reads everything
	return c, o, nil
}

// leaveTimeout is how long the server may take to end the sessions of a system that
// has just stopped.
const leaveTimeout = 2 * time.Second

// checkUnused returns ErrInUse while a taskctl is connected to the database.
func checkUnused(ctx context.Context, c *conn) error {
	for deadline := time.Now().Add(leaveTimeout); ; {
		others, err := c.value(`SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()
			AND application_name = current_setting('application_name') AND pid <> pg_backend_pid() AND backend_type = 'client backend'`)
		if err != nil || others == "0" {
			return err
		}
		if time.Now().After(deadline) || !wait.Sleep(ctx, 20*time.Millisecond) {
			return ErrInUse
		}
	}
}

// begin creates the schema of the copy. It replaces an incomplete copy of another state
// of the source.
func (w *CopyWriter) begin(head storecopy.Head) error {
	there, err := w.conn.value(`SELECT EXISTS (SELECT FROM pg_namespace WHERE nspname = ` + literal(w.target) + `)`)
	if err != nil {
		return err
	}
	if there == "t" {
		return ErrExists
	}
	source := "copy of " + head.String()
	version, err := schemaVersion(w.conn, w.schema)
	if err != nil {
		return err
	}
	if version > 0 {
		begun, err := w.conn.value(`SELECT server FROM ` + quoted(w.schema) + `.log`)
		if err != nil || begun == source {
			return err
		}
		if err := w.conn.exec(`DROP SCHEMA ` + quoted(w.schema) + ` CASCADE`); err != nil {
			return err
		}
	}
	scripts, err := migrations()
	if err != nil {
		return err
	}
	if err := migrate(w.conn, w.schema, scripts); err != nil {
		return err
	}
	return w.conn.do(w.write.setEpoch.with(head.Epoch, source))
}

// Close implements storecopy.Reader.
func (r *CopyReader) Close() error { return r.conn.close() }

// Head implements storecopy.Reader.
func (r *CopyReader) Head(context.Context) (h storecopy.Head, err error) {
	var at stand
	err = at.check(r.conn.do(r.sql.bounds.reading(func(r row) error { at.from(r); return nil })))
	return storecopy.Head{Position: at.head, First: at.first}, err
}

// Events implements storecopy.Reader.
func (r *CopyReader) Events(_ context.Context, after uint64, limit int) (events []storecopy.Event, err error) {
	err = r.conn.do(r.sql.events.reading(func(r row) error {
		events = append(events, storecopy.Event{TaskKey: r.int(5), Event: task.Event{
			Seq: uint64(r.int(0)), Type: task.EventType(r.text(1)), TaskID: r.text(2),
			Time: time.UnixMilli(r.int(3)).UTC(), Task: bytes.Clone(r.bytes(4)),
		}})
		return nil
	}, int64(after), int64(limit)))
	return events, err
}

// Tasks implements storecopy.Reader.
func (r *CopyReader) Tasks(_ context.Context, after int64, limit int) (tasks []storecopy.Task, err error) {
	err = r.conn.do(r.sql.tasks.reading(func(r row) error {
		tasks = append(tasks, storecopy.Task{Key: r.int(0), Record: task.Record{Version: uint64(r.int(1)), JSON: bytes.Clone(r.bytes(2))}})
		return nil
	}, after, int64(limit)))
	return tasks, err
}

// Answers implements storecopy.Reader.
func (r *CopyReader) Answers(_ context.Context, after string, since int64, limit int) (answers []storecopy.Answer, err error) {
	err = r.conn.do(r.sql.answers.reading(func(r row) error {
		key, a := readAnswer(r)
		answers = append(answers, storecopy.Answer{
			Key: key, Fingerprint: a.fingerprint, CreatedAt: a.createdAt, Position: a.position, Changed: a.changed, Record: a.record,
		})
		return nil
	}, []byte(after), since, int64(limit)))
	return answers, err
}

// PutEvents implements storecopy.Writer.
func (w *CopyWriter) PutEvents(_ context.Context, events []storecopy.Event) error {
	t := &transaction{sql: w.write}
	for _, e := range events {
		t.events = append(t.events, e.Event)
		t.ns = append(t.ns, e.TaskKey)
	}
	return w.conn.do(t.insertEvents())
}

// PutTasks implements storecopy.Writer.
func (w *CopyWriter) PutTasks(_ context.Context, tasks []storecopy.Task) error {
	var rows table
	for _, t := range tasks {
		decoded, err := t.Task()
		if err != nil {
			return err
		}
		rows.add(&stored{newN: t.Key, task: decoded, json: t.JSON})
	}
	return w.conn.do(w.write.insertTasks.with(rows.ns, rows.ids, rows.completed, rows.versions, rows.bodies, rows.searches))
}

// PutAnswers implements storecopy.Writer.
func (w *CopyWriter) PutAnswers(_ context.Context, answers []storecopy.Answer) error {
	var rows answerTable
	for _, a := range answers {
		rows.add(a.Key, a.Fingerprint, answer{createdAt: a.CreatedAt, position: a.Position, changed: a.Changed, record: a.Record})
	}
	return w.conn.do(rows.insert(w.write))
}

// Discard implements storecopy.Writer.
func (w *CopyWriter) Discard(context.Context) error {
	return w.conn.do(w.write.setEpoch.with("", "discarded"))
}

// Finish implements storecopy.Writer.
func (w *CopyWriter) Finish(_ context.Context, head storecopy.Head) error {
	if err := w.conn.exec(`ANALYZE ` + quoted(w.schema) + `.tasks, ` + quoted(w.schema) + `.events`); err != nil {
		return err
	}
	return w.conn.exec(fmt.Sprintf(`BEGIN; UPDATE %[1]s.log SET first = %[2]d, server = ''; ALTER SCHEMA %[1]s RENAME TO %[3]s; %[4]s COMMIT`,
		quoted(w.schema), head.First, quoted(w.target), functions(w.target)))
}

// copyStatements read a whole schema.
type copyStatements struct{ bounds, events, tasks, answers *statement }

func newCopyStatements(schema string) *copyStatements {
	text := inSchema(schema)
	return &copyStatements{
		bounds: text("copy_bounds", `SELECT `+position+` FROM @log`),
		events: text("copy_events", `SELECT seq, type, id, time, task, n FROM @events WHERE seq > $1 ORDER BY seq LIMIT $2`),
		tasks:  text("copy_tasks", `SELECT n, version, task FROM @tasks WHERE n > $1 ORDER BY n LIMIT $2`),
		answers: text("copy_answers", `SELECT key, fingerprint, created_at, epoch, seq, changed, version, task
			FROM @keys WHERE key > $1 AND created_at > $2 ORDER BY key LIMIT $3`),
	}
}
