// Package storecopy copies one store into another: tasks and events with their ids,
// times, versions, epoch and seq, and the idempotency keys that have not expired.
// Clients resume at the copy as at the original.
package storecopy

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"

	"taskctl/pkg/task"
)

// Head is the beginning and the end of a store's log.
type Head struct {
	task.Position
	First uint64 // the oldest event
}

// Event is a row of the log.
type Event struct {
	task.Event
	TaskKey int64 // see Task.Key
}

// Task is a task with the key that tasks are listed by: the seq of the event that
// created it.
type Task struct {
	Key int64
	task.Record
}

// Answer is the stored answer to a write with an idempotency key.
type Answer struct {
	Key         string
	Fingerprint []byte
	CreatedAt   int64 // Unix milliseconds
	Position    task.Position
	Changed     bool
	task.Record
}

// Reader reads a store. Each method returns the rows that follow one, in order, up
// to limit.
type Reader interface {
	Head(ctx context.Context) (Head, error)
	Events(ctx context.Context, after uint64, limit int) ([]Event, error)
	Tasks(ctx context.Context, after int64, limit int) ([]Task, error)
	// Answers returns only those created after since, in Unix milliseconds.
	Answers(ctx context.Context, after string, since int64, limit int) ([]Answer, error)
	Close() error
}

// Writer writes a new store, which cannot be opened before Finish. A repeated copy
// continues with what an interrupted one has written.
type Writer interface {
	Reader
	PutEvents(ctx context.Context, events []Event) error
	PutTasks(ctx context.Context, tasks []Task) error
	PutAnswers(ctx context.Context, answers []Answer) error
	// Discard makes the next copy start from the beginning.
	Discard(ctx context.Context) error
	// Finish completes the store, whose log has the given head. Only Close may be
	// called after it.
	Finish(ctx context.Context, head Head) error
}

// ErrChanged means that the source has changed during the copy.
var ErrChanged = errors.New("the source has changed while it was copied")

// DifferentError means that a copy differs from its source.
type DifferentError struct{ What string }

func (e *DifferentError) Error() string { return "the copy differs from its source in its " + e.What }

// Progress is the progress of a copy.
type Progress struct{ Events, Tasks, Answers int }

// batch is the number of rows copied at a time.
const batch = 1000

// Options of a copy.
type Options struct {
	Since    int64          // Unix milliseconds; older idempotency keys are not copied
	Progress func(Progress) // called after each batch
}

// Copy copies everything and verifies it before the copy can be used: it reads the copy
// back, and compares counts and digests.
func Copy(ctx context.Context, from Reader, to Writer, opts Options) (Progress, error) {
	head, err := from.Head(ctx)
	if err != nil {
		return Progress{}, err
	}
	var done Progress
	batches := Options{Since: opts.Since, Progress: func(p Progress) {
		done = Progress{done.Events + p.Events, done.Tasks + p.Tasks, done.Answers + p.Answers}
		opts.Progress(done)
	}}
	if err := copyRows(ctx, from, to, batches); err != nil {
		return done, err
	}
	total, err := Verify(ctx, from, to, opts.Since)
	if different := (*DifferentError)(nil); errors.As(err, &different) {
		err = errors.Join(err, to.Discard(ctx))
	}
	if err != nil {
		return total, err
	}
	if now, err := from.Head(ctx); err != nil || now != head {
		return total, errors.Join(ErrChanged, err)
	}
	return total, to.Finish(ctx, head)
}

// copyRows copies all rows; opts.Progress gets the numbers of each batch.
func copyRows(ctx context.Context, from Reader, to Writer, opts Options) error {
	event, err := last(func(after uint64) ([]Event, error) { return to.Events(ctx, after, batch) }, seqOf)
	if err != nil {
		return err
	}
	if err := each(event, func(after uint64) ([]Event, error) { return from.Events(ctx, after, batch) }, seqOf, func(rows []Event) error {
		err := to.PutEvents(ctx, rows)
		opts.Progress(Progress{Events: len(rows)})
		return err
	}); err != nil {
		return fmt.Errorf("copy events: %w", err)
	}
	key, err := last(func(after int64) ([]Task, error) { return to.Tasks(ctx, after, batch) }, keyOf)
	if err != nil {
		return err
	}
	if err := each(key, func(after int64) ([]Task, error) { return from.Tasks(ctx, after, batch) }, keyOf, func(rows []Task) error {
		err := to.PutTasks(ctx, rows)
		opts.Progress(Progress{Tasks: len(rows)})
		return err
	}); err != nil {
		return fmt.Errorf("copy tasks: %w", err)
	}
	answer, err := last(func(after string) ([]Answer, error) { return to.Answers(ctx, after, 0, batch) }, nameOf)
	if err != nil {
		return err
	}
	if err := each(answer, func(after string) ([]Answer, error) { return from.Answers(ctx, after, opts.Since, batch) }, nameOf, func(rows []Answer) error {
		err := to.PutAnswers(ctx, rows)
		opts.Progress(Progress{Answers: len(rows)})
		return err
	}); err != nil {
		return fmt.Errorf("copy idempotency keys: %w", err)
	}
	return nil
}

func seqOf(e Event) uint64   { return e.Seq }
func keyOf(t Task) int64     { return t.Key }
func nameOf(a Answer) string { return a.Key }

// each calls do with all rows after the given one, in batches.
func each[K comparable, R any](after K, read func(K) ([]R, error), key func(R) K, do func([]R) error) error {
	for {
		rows, err := read(after)
		if err != nil || len(rows) == 0 {
			return err
		}
		if err := do(rows); err != nil {
			return err
		}
		after = key(rows[len(rows)-1])
	}
}

// last returns the key of the last row.
func last[K comparable, R any](read func(K) ([]R, error), key func(R) K) (at K, err error) {
	err = each(at, read, key, func(rows []R) error { at = key(rows[len(rows)-1]); return nil })
	return at, err
}

// Verify compares counts and digests of both stores, and the beginnings of their logs.
// since is Options.Since; older keys are not compared.
func Verify(ctx context.Context, from, to Reader, since int64) (Progress, error) {
	a, counted, err := digest(ctx, from, since)
	if err != nil {
		return Progress{}, err
	}
	b, copied, err := digest(ctx, to, since)
	if err != nil {
		return Progress{}, err
	}
	for _, c := range []struct {
		what string
		same bool
	}{
		{"number of events", counted.Events == copied.Events},
		{"events", a.events == b.events},
		{"number of tasks", counted.Tasks == copied.Tasks},
		{"tasks", a.tasks == b.tasks},
		{"number of idempotency keys", counted.Answers == copied.Answers},
		{"idempotency keys", a.answers == b.answers},
	} {
		if !c.same {
			return copied, &DifferentError{c.what}
		}
	}
	return copied, nil
}

type digests struct{ events, tasks, answers [sha256.Size]byte }

func digest(ctx context.Context, r Reader, since int64) (d digests, n Progress, err error) {
	d.events, n.Events, err = sum(func(after uint64) ([]Event, error) { return r.Events(ctx, after, batch) }, seqOf,
		func(e Event) [][]byte {
			return [][]byte{
				number(e.Seq), []byte(e.Type), number(uint64(e.TaskKey)), []byte(e.TaskID),
				number(uint64(e.Time.UnixMilli())), e.Task,
			}
		})
	if err != nil {
		return d, n, err
	}
	d.tasks, n.Tasks, err = sum(func(after int64) ([]Task, error) { return r.Tasks(ctx, after, batch) }, keyOf,
		func(t Task) [][]byte { return [][]byte{number(uint64(t.Key)), number(t.Version), t.JSON} })
	if err != nil {
		return d, n, err
	}
	d.answers, n.Answers, err = sum(func(after string) ([]Answer, error) { return r.Answers(ctx, after, since, batch) }, nameOf,
		func(a Answer) [][]byte {
			return [][]byte{
				[]byte(a.Key), a.Fingerprint, number(uint64(a.CreatedAt)), []byte(a.Position.String()),
				fmt.Append(nil, a.Changed), number(a.Version), a.JSON,
			}
		})
	return d, n, err
}

func number(n uint64) []byte { return binary.BigEndian.AppendUint64(nil, n) }

// sum is a digest of rows. Each field is preceded by its length.
func sum[K comparable, R any](read func(K) ([]R, error), key func(R) K, fields func(R) [][]byte) (digest [sha256.Size]byte, count int, err error) {
	hash := sha256.New()
	var buffer bytes.Buffer
	var first K
	err = each(first, read, key, func(rows []R) error {
		for _, row := range rows {
			buffer.Reset()
			for _, f := range fields(row) {
				buffer.Write(number(uint64(len(f))))
				buffer.Write(f)
			}
			hash.Write(buffer.Bytes())
		}
		count += len(rows)
		return nil
	})
	return [sha256.Size]byte(hash.Sum(nil)), count, err
}
