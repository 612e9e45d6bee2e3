package sqlite

import (
	"context"
	"maps"
	"slices"

	"taskctl/pkg/task"
)

// indexStep is the number of tasks or events of one step.
const indexStep = 256

// step adds the next group of tasks or events to the index, and reports whether there
// may be more. Another process may do the same at the same time.
func (x *indexer) step(ctx context.Context) (more bool, err error) {
	err = immediate(ctx, x.conn, func() error {
		before, err := readState(ctx, x.getState)
		if err != nil {
			return err
		}
		state, tasks, full, err := x.readers.nextGroup(ctx, before)
		if err != nil {
			return err
		}
		if state.Epoch != before.Epoch || state.covered < before.covered {
			if err := x.forgetAll.exec(ctx); err != nil {
				return err
			}
		}
		// FTS5 flushes its buffer whenever a rowid is smaller than the previous one.
		for _, n := range slices.Sorted(maps.Keys(tasks)) {
			if err := x.put(ctx, n, tasks[n]); err != nil {
				return err
			}
		}
		more = full
		return x.setState.exec(ctx, state.Epoch, int64(state.Seq), state.covered)
	})
	return more, err
}

// put replaces the words of task n; a task without an id has been deleted.
func (x *indexer) put(ctx context.Context, n int64, t task.Task) error {
	if t.ID == "" {
		return x.deleteWords.exec(ctx, n)
	}
	x.words = gramsOf(x.words[:0], t, x.seen)
	return x.replaceWords.exec(ctx, n, string(x.words))
}

// nextGroup reads the next tasks that an index in the given state lacks, and returns
// its state after adding them. full: there may be more.
func (p *pool) nextGroup(ctx context.Context, at indexState) (state indexState, tasks group, full bool, err error) {
	state, tasks = at, make(group)
	err = p.snapshot(ctx, "read log", func(r *reader) error {
		first, head, err := r.logBounds(ctx)
		if err != nil {
			return err
		}
		if state.Epoch == "" || state.CheckReadable(first, head) != nil {
			state = indexState{Position: head} // from the beginning
		}
		if state.covered < int64(state.Seq) {
			full, err = r.groupOfTasks(ctx, &state, tasks)
			return err
		}
		read := 0
		err = r.newEvents.query(ctx, func(r row) error {
			state.Seq = uint64(r.int(3))
			state.covered = int64(state.Seq)
			read++
			return tasks.add(r)
		}, int64(state.Seq), int64(indexStep))
		full = read == indexStep
		return err
	})
	return state, tasks, full, err
}

// group maps task numbers to tasks; a deleted one is empty.
type group map[int64]task.Task

func (g group) add(r row) error {
	n, record := readTask(r)
	if record.JSON == nil {
		g[n] = task.Task{}
		return nil
	}
	t, err := record.Task()
	g[n] = t
	return err
}

// groupOfTasks is nextGroup for the tasks as of state.Seq. Later events are read after
// these.
func (r *reader) groupOfTasks(ctx context.Context, state *indexState, tasks group) (full bool, err error) {
	err = r.oldTasks.query(ctx, func(r row) error {
		state.covered = r.int(0)
		return tasks.add(r)
	}, state.covered, int64(state.Seq), int64(indexStep))
	if len(tasks) < indexStep {
		state.covered = int64(state.Seq)
	}
	return true, err
}
