package postgres

import (
	"errors"

	"taskctl/pkg/task"
	"taskctl/pkg/task/searchtext"
)

// errNotReplicated means that the commit is synced on the primary, but may be missing
// on the synchronous replica.
var errNotReplicated = errors.New("the commit may not have been replicated")

// effects are the calls that write the results of the batch, and commit.
func (t *transaction) effects() []call { return append(t.changes(), t.sql.commit.with()) }

// changes are the calls that write the results of the batch.
func (t *transaction) changes() []call {
	var calls []call
	var gone []int64
	var added, changed table
	for _, s := range t.tasks {
		if !s.touched {
			continue
		}
		if s.n != 0 && s.n != s.newN {
			gone = append(gone, s.n)
		}
		switch {
		case s.newN == 0:
		case s.n == s.newN:
			changed.add(s)
		default:
			added.add(s)
		}
	}
	if len(gone) > 0 {
		calls = append(calls, t.sql.deleteTasks.with(gone)) // first, because an id may be reused in the same batch
	}
	if len(added.ns) > 0 {
		calls = append(calls, t.sql.insertTasks.with(
			added.ns, added.ids, added.completed, added.versions, added.bodies, added.searches))
	}
	if len(changed.ns) > 0 {
		calls = append(calls, t.sql.updateTasks.with(
			changed.ns, changed.completed, changed.versions, changed.bodies, changed.searches))
	}
	if len(t.events) > 0 {
		calls = append(calls, t.insertEvents())
	}
	if len(t.kept) > 0 {
		calls = append(calls, t.insertKeys())
	}
	return calls
}

// table holds rows of tasks as columns.
type table struct {
	ns, versions []int64
	ids          []string
	completed    []bool
	bodies       texts
	searches     []string
}

func (t *table) add(s *stored) {
	t.ns = append(t.ns, s.newN)
	t.ids = append(t.ids, s.task.ID)
	t.completed = append(t.completed, s.task.Completed)
	t.versions = append(t.versions, int64(s.task.Version))
	t.bodies = append(t.bodies, s.json)
	t.searches = append(t.searches, searchText(s.task))
}

func (t *transaction) insertEvents() call {
	var (
		seqs, times []int64
		types, ids  []string
		bodies      texts
	)
	for _, e := range t.events {
		seqs = append(seqs, int64(e.Seq))
		types = append(types, string(e.Type))
		ids = append(ids, e.TaskID)
		times = append(times, e.Time.UnixMilli())
		bodies = append(bodies, e.Task)
	}
	return t.sql.insertEvents.with(seqs, types, t.ns, ids, times, bodies)
}

func (t *transaction) insertKeys() call {
	var rows answerTable
	for _, k := range t.kept {
		r := k.result
		rows.add(k.key.Key, k.key.Fingerprint[:], answer{
			createdAt: t.now.UnixMilli(), position: r.Position, changed: r.Changed,
			record: task.Record{Version: r.Task.Version, JSON: r.JSON},
		})
	}
	return rows.insert(t.sql)
}

// answerTable holds rows of keys as columns.
type answerTable struct {
	keys, prints            [][]byte
	created, seqs, versions []int64
	epochs                  []string
	changed                 []bool
	bodies                  texts
}

func (t *answerTable) add(key string, fingerprint []byte, a answer) {
	t.keys = append(t.keys, []byte(key))
	t.prints = append(t.prints, fingerprint)
	t.created = append(t.created, a.createdAt)
	t.epochs = append(t.epochs, a.position.Epoch)
	t.seqs = append(t.seqs, int64(a.position.Seq))
	t.changed = append(t.changed, a.changed)
	t.versions = append(t.versions, int64(a.record.Version))
	t.bodies = append(t.bodies, a.record.JSON)
}

func (t *answerTable) insert(sql *statements) call {
	return sql.insertKeys.with(t.keys, t.prints, t.created, t.epochs, t.seqs, t.changed, t.versions, t.bodies)
}

// hasKeys reports whether any of the writes carries an idempotency key.
func (t *transaction) hasKeys() bool {
	for _, w := range t.writes {
		if w.Change.Key.Key != "" {
			return true
		}
	}
	return false
}

// lookUp returns the stored answers for the keys of the batch. It takes the row lock
// first, because another node may be committing such an answer while it holds that
// lock.
func (t *transaction) lookUp(c *conn) (map[string]answer, error) {
	again := newTransaction(t.sql, t.now, t.writes)
	if err := again.read(c); err != nil {
		return nil, again.abandon(c, err)
	}
	return again.answers, c.do(t.sql.rollback.with())
}

// searchText is the text of a task that a search compares: title and description,
// folded. It may match across the two, so each match is checked again.
func searchText(t task.Task) string {
	return searchtext.Key(t.Title) + "\n" + searchtext.Key(t.Description)
}
