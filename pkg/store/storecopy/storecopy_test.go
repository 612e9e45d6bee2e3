//go:build unix

package storecopy_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"taskctl/pkg/store/postgres"
	"taskctl/pkg/store/postgrestest"
	"taskctl/pkg/store/sqlite"
	"taskctl/pkg/store/storecopy"
	"taskctl/pkg/store/storetest"
	"taskctl/pkg/task"
)

// fill makes every kind of change, some with keys, and returns one that can be
// repeated.
func fill(t *testing.T, s task.Store, count int) (repeat task.Change, answer task.Result) {
	t.Helper()
	write := func(c task.Change) task.Result {
		r, err := s.Write(t.Context(), c)
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	for i := range count {
		id := storetest.NewID(t)
		repeat = task.Change{
			Kind: task.Create, ID: id, Patch: storetest.Values(fmt.Sprintf("tarea %d", i), "ñ \x01 🎉 \\", i%3 == 0),
			Key: task.IdempotencyKey{Key: fmt.Sprintf("key\x00\xff%d", i), Fingerprint: [32]byte{byte(i)}},
		}
		answer = write(repeat)
		title := "changed"
		switch i % 4 {
		case 1:
			write(task.Change{Kind: task.Merge, ID: id, Patch: task.Patch{Title: &title}})
		case 2:
			write(task.Change{Kind: task.Delete, ID: id})
		}
	}
	return repeat, answer
}

// content is everything that clients can see of a store.
type content struct {
	First  uint64
	Head   task.Position
	Pages  []task.RecordPage
	Events []task.Event
}

func read(t *testing.T, s task.Store) (c content) {
	t.Helper()
	var err error
	if c.First, c.Head, err = s.Bounds(t.Context()); err != nil {
		t.Fatal(err)
	}
	for q := (task.Query{Limit: 7}); ; {
		page, err := s.List(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		c.Pages = append(c.Pages, page)
		if q.Cursor = page.Next; q.Cursor == "" {
			break
		}
	}
	for at := (task.Position{Seq: c.First - 1}); at.Seq < c.Head.Seq; {
		events, _, err := s.Read(t.Context(), at, 100)
		if err != nil {
			t.Fatal(err)
		}
		c.Events = append(c.Events, events...)
		at.Seq = events[len(events)-1].Seq
	}
	return c
}

func since() int64 { return time.Now().Add(-task.IdempotencyTTL).UnixMilli() }

// TestThereAndBack copies a system from SQLite to PostgreSQL and from there to another
// file: each shows what the first did, answers repeated requests as it did, and
// continues with the next number.
func TestThereAndBack(t *testing.T) {
	server := postgrestest.Start(t)
	o := postgres.Options{URL: server.Database(t)}
	first, second := filepath.Join(t.TempDir(), "a.db"), filepath.Join(t.TempDir(), "b.db")
	s, err := sqlite.Open(t.Context(), sqlite.Options{Path: first})
	if err != nil {
		t.Fatal(err)
	}
	repeat, answer := fill(t, s, 100)
	want := read(t, s)
	closeAll(t, s)

	from, err := sqlite.OpenCopyReader(t.Context(), first)
	if err != nil {
		t.Fatal(err)
	}
	head := headOf(t, from)
	to, err := postgres.OpenCopyWriter(t.Context(), o, head)
	if err != nil {
		t.Fatal(err)
	}
	total := copyAll(t, from, to)
	if total.Answers != 100 || total.Events != int(head.Seq) {
		t.Errorf("copied %+v", total)
	}
	closeAll(t, from, to)
	if _, err := postgres.OpenCopyWriter(t.Context(), o, head); !errors.Is(err, postgres.ErrExists) {
		t.Errorf("a copy over a copy: %v", err)
	}
	p, err := postgres.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	check(t, p, want, repeat, answer)
	if _, err := postgres.OpenCopyReader(t.Context(), o); !errors.Is(err, postgres.ErrInUse) {
		t.Errorf("a copy of a store in use: %v", err)
	}
	if _, err := p.Write(t.Context(), task.Change{Kind: task.Create, ID: storetest.NewID(t), Patch: storetest.Values("next", "", false)}); err != nil {
		t.Fatal(err)
	}
	want = read(t, p)
	closeAll(t, p)

	back, err := postgres.OpenCopyReader(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	file, err := sqlite.OpenCopyWriter(t.Context(), second, headOf(t, back))
	if err != nil {
		t.Fatal(err)
	}
	copyAll(t, back, file)
	closeAll(t, back)
	if _, err := sqlite.OpenCopyWriter(t.Context(), second, head); !errors.Is(err, fs.ErrExist) {
		t.Errorf("a copy over a copy: %v", err)
	}
	if s, err = sqlite.Open(t.Context(), sqlite.Options{Path: second}); err != nil {
		t.Fatal(err)
	}
	check(t, s, want, repeat, answer)
	closeAll(t, s)
}

func check(t *testing.T, s task.Store, want content, repeat task.Change, answer task.Result) {
	t.Helper()
	if diff := cmp.Diff(want, read(t, s)); diff != "" {
		t.Errorf("the copy (-source +copy):\n%s", diff)
	}
	repeat.ID, answer.Replayed = storetest.NewID(t), true
	got, err := s.Write(t.Context(), repeat)
	if diff := cmp.Diff(answer, got); diff != "" || err != nil {
		t.Errorf("a repeated request: %v (-before +after)\n%s", err, diff)
	}
}

func headOf(t *testing.T, r storecopy.Reader) storecopy.Head {
	t.Helper()
	head, err := r.Head(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return head
}

func copyAll(t *testing.T, from storecopy.Reader, to storecopy.Writer) storecopy.Progress {
	t.Helper()
	total, err := storecopy.Copy(t.Context(), from, to, storecopy.Options{Since: since(), Progress: func(storecopy.Progress) {}})
	if err != nil {
		t.Fatal(err)
	}
	return total
}

func closeAll(t *testing.T, closers ...interface{ Close() error }) {
	t.Helper()
	for _, c := range closers {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	}
}

// interrupted fails after some batches.
type interrupted struct {
	storecopy.Writer
	left int
}

var errInterrupted = errors.New("interrupted")

func (w *interrupted) PutTasks(ctx context.Context, tasks []storecopy.Task) error {
	if w.left--; w.left < 0 {
		return errInterrupted
	}
	return w.Writer.PutTasks(ctx, tasks)
}

// damaging writes something else than it is given.
type damaging struct{ storecopy.Writer }

func (w damaging) PutTasks(ctx context.Context, tasks []storecopy.Task) error {
	tasks[0].Version++
	return w.Writer.PutTasks(ctx, tasks)
}

// TestInterrupted continues an interrupted copy, starts again if the source has
// changed, and detects wrong copies.
func TestInterrupted(t *testing.T) {
	server := postgrestest.Start(t)
	path := filepath.Join(t.TempDir(), "a.db")
	s, err := sqlite.Open(t.Context(), sqlite.Options{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	fill(t, s, 40)
	closeAll(t, s)
	targets := map[string]func(head storecopy.Head) (storecopy.Writer, error){}
	o := postgres.Options{URL: server.Database(t)}
	targets["postgres"] = func(h storecopy.Head) (storecopy.Writer, error) { return postgres.OpenCopyWriter(t.Context(), o, h) }
	file := filepath.Join(t.TempDir(), "b.db")
	targets["sqlite"] = func(h storecopy.Head) (storecopy.Writer, error) { return sqlite.OpenCopyWriter(t.Context(), file, h) }
	for name, open := range targets {
		t.Run(name, func(t *testing.T) {
			from, err := sqlite.OpenCopyReader(t.Context(), path)
			if err != nil {
				t.Fatal(err)
			}
			defer closeAll(t, from)
			head := headOf(t, from)
			other := head
			other.Seq += 5
			for _, h := range []storecopy.Head{other, head} {
				to, err := open(h)
				if err != nil {
					t.Fatal(err)
				}
				if _, err := storecopy.Copy(t.Context(), from, &interrupted{Writer: to}, storecopy.Options{Since: since(), Progress: func(storecopy.Progress) {}}); !errors.Is(err, errInterrupted) {
					t.Fatalf("Copy: %v", err)
				}
				closeAll(t, to)
			}
			to, err := open(head)
			if err != nil {
				t.Fatal(err)
			}
			if events, err := to.Events(t.Context(), 0, 1000); len(events) != int(head.Seq) {
				t.Errorf("%d events are there already: %v", len(events), err)
			}
			var different *storecopy.DifferentError
			if _, err := storecopy.Copy(t.Context(), from, damaging{to}, storecopy.Options{Since: since(), Progress: func(storecopy.Progress) {}}); !errors.As(err, &different) {
				t.Errorf("a damaged copy: %v", err)
			}
			closeAll(t, to)
			if to, err = open(head); err != nil {
				t.Fatal(err)
			}
			copyAll(t, from, to) // from the beginning
			closeAll(t, to)
		})
	}
}
