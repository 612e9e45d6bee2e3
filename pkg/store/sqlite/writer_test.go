package sqlite

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"taskctl/pkg/store/storetest"
	"taskctl/pkg/task"

	"taskctl/pkg/wait/waittest"
)

// lock takes the write lock of the database at path, as another process would,
// and returns what gives it back.
func lock(t *testing.T, path string) (unlock func()) {
	t.Helper()
	c, err := connect(t.Context(), path, readWrite)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.exec(t.Context(), "BEGIN IMMEDIATE"); err != nil {
		t.Fatal(err)
	}
	return sync.OnceFunc(func() {
		if err := errors.Join(c.exec(context.Background(), "ROLLBACK"), c.Close()); err != nil {
			t.Error(err)
		}
	})
}

func newTask(t testing.TB) task.Change {
	return task.Change{Kind: task.Create, ID: storetest.NewID(t), Patch: storetest.Values("x", "", false)}
}

// gate holds the writer in its first OnCommit until it is opened.
type gate struct {
	held, opened chan struct{}
	batches      []int
}

func newGate() *gate { return &gate{held: make(chan struct{}), opened: make(chan struct{})} }

func (g *gate) onCommit(writes int, _ time.Duration) {
	if g.batches = append(g.batches, writes); len(g.batches) == 1 {
		close(g.held)
		<-g.opened
	}
}

func TestWriteQueueIsBounded(t *testing.T) {
	const size = 8
	g := newGate()
	s := open(t, Options{QueueSize: size, OnCommit: g.onCommit})

	var waiting sync.WaitGroup
	answers := make(chan error, size+1)
	write := func(ctx context.Context) {
		waiting.Go(func() {
			_, err := s.Write(ctx, newTask(t))
			answers <- err
		})
	}
	write(t.Context())
	<-g.held
	given, giveUp := context.WithCancel(t.Context())
	write(given)
	waittest.For(t, "it is the first in the queue", func() bool { return s.Queued() == 1 })
	for range size - 1 {
		write(t.Context())
	}
	waittest.For(t, "the queue is full", func() bool { return s.Queued() == size })
	if _, err := s.Write(t.Context(), newTask(t)); !errors.Is(err, task.ErrUnavailable) {
		t.Errorf("Write with a full queue: %v", err)
	}
	giveUp()
	if err := <-answers; !errors.Is(err, context.Canceled) {
		t.Errorf("Write given up: %v", err)
	}
	close(g.opened)
	waiting.Wait()
	for range size {
		if err := <-answers; err != nil {
			t.Error(err)
		}
	}
	if at := head(t, s); at.Seq != size {
		t.Errorf("%v: one too many, or too few", at)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(g.batches, []int{1, size - 1}) { // the one that was given up begins no batch
		t.Errorf("batches of %v", g.batches)
	}
}

// TestWriteWaitsForTheLock holds the lock as another process would.
func TestWriteWaitsForTheLock(t *testing.T) {
	path := filepath.Join(t.TempDir(), "tasks.db")
	var batches []int
	s := open(t, Options{Path: path, OnCommit: func(n int, _ time.Duration) { batches = append(batches, n) }})
	unlock := lock(t, path)
	defer unlock()
	const writes = 5
	var waiting sync.WaitGroup
	for i := range writes {
		waiting.Go(func() {
			if _, err := s.Write(t.Context(), newTask(t)); err != nil {
				t.Error(err)
			}
		})
		waittest.For(t, "taken up or queued", func() bool { return s.Queued() == i })
	}
	unlock()
	waiting.Wait()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if len(batches) > 2 { // the last may have been late
		t.Errorf("batches of %v: what has waited shares a commit", batches)
	}
}

// TestWritesWaitForTheLockOnce holds the lock for longer than anyone waits for it. Each
// waiting write, and Close, is answered within the time of one wait.
func TestWritesWaitForTheLockOnce(t *testing.T) {
	const writes = maxBatch + 3 // more than one batch
	for name, tt := range map[string]struct {
		begin func()
		end   func(t *testing.T, s *Store)
	}{
		"writes": {
			begin: func() {},
			end:   func(*testing.T, *Store) {},
		},
		"maintenance": {
			begin: func() { time.Sleep(maintenanceInterval + time.Second) },
			end:   func(*testing.T, *Store) {},
		},
		"closing": {
			begin: func() {},
			end: func(t *testing.T, s *Store) {
				if err := s.Close(); err != nil {
					t.Error(err)
				}
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				path := filepath.Join(t.TempDir(), "tasks.db")
				s := open(t, Options{Path: path})
				unlock := lock(t, path)
				tt.begin()

				start := time.Now()
				var waiting sync.WaitGroup
				for range writes {
					waiting.Go(func() {
						if _, err := s.Write(t.Context(), newTask(t)); !errors.Is(err, task.ErrUnavailable) {
							t.Errorf("Write: %v", err)
						}
					})
				}
				synctest.Wait()
				tt.end(t, s)
				waiting.Wait()
				if took := time.Since(start); took > busyTimeout+time.Second {
					t.Errorf("answered after %v, where one wait takes %v", took, busyTimeout)
				}
				unlock()
				if at := head(t, open(t, Options{Path: path})); at.Seq != 0 {
					t.Errorf("%v: a write that was refused has been done", at)
				}
			})
		})
	}
}

// TestWriteGivenUp closes a store while another process holds the lock: a write whose
// caller has stopped waiting does not delay it.
func TestWriteGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "tasks.db")
		g := newGate()
		s := open(t, Options{Path: path, OnCommit: g.onCommit})
		ctx, giveUp := context.WithCancel(t.Context())
		var waiting sync.WaitGroup
		waiting.Go(func() { addTask(t, s, "x", "") })
		<-g.held
		for range 3 {
			waiting.Go(func() {
				if _, err := s.Write(ctx, newTask(t)); !errors.Is(err, context.Canceled) {
					t.Errorf("Write given up: %v", err)
				}
			})
		}
		synctest.Wait()
		unlock := lock(t, path)
		defer unlock()
		giveUp()
		synctest.Wait()
		start := time.Now()
		close(g.opened)
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		waiting.Wait()
		if took := time.Since(start); took > 0 {
			t.Errorf("closed after %v", took)
		}
	})
}

// published keeps what it is handed and compares it with what the log says.
type published struct {
	epoch  string
	events []task.Event
}

func (p *published) Publish(epoch string, events []task.Event) {
	p.epoch = epoch
	p.events = append(p.events, events...)
}

// TestWritePublishes also checks that a refused write does not affect the others of its
// batch, and that later writes of a batch see earlier ones.
func TestWritePublishes(t *testing.T) {
	var p published
	g := newGate()
	s := open(t, Options{Publisher: &p, OnCommit: g.onCommit})

	same := newTask(t)
	same.Key.Key = "same"
	taken := newTask(t)
	title := "y"
	changes := []task.Change{
		newTask(t), // taken up alone; the others are one batch
		taken,
		{Kind: task.Delete, ID: "no such task"},
		taken,
		{Kind: task.Merge, ID: taken.ID, IfMatch: []uint64{2}, Patch: task.Patch{Title: &title}},
		{Kind: task.Merge, ID: taken.ID, IfMatch: []uint64{2}, Patch: task.Patch{Title: &title}},
		same,
		same,
	}
	want := []string{"1", "2", "task not found", "id is taken", "3", task.ErrVersion.Error(), "4", "4 again"}
	got := make([]string, len(changes))
	var waiting sync.WaitGroup
	for i, c := range changes {
		waiting.Go(func() {
			r, err := s.Write(t.Context(), c)
			switch {
			case err != nil:
				got[i] = err.Error()
			case r.Replayed:
				got[i] = fmt.Sprintf("%d again", r.Position.Seq)
			default:
				got[i] = fmt.Sprint(r.Position.Seq)
			}
		})
		// One after another, so that the order in the queue is known.
		if i == 0 {
			<-g.held
		}
		waittest.For(t, "queued", func() bool { return s.Queued() == i })
	}
	close(g.opened)
	waiting.Wait()
	if !slices.Equal(got, want) {
		t.Fatalf("answers %q, want %q", got, want)
	}
	events, at, err := s.Read(t.Context(), task.Position{}, 100)
	if err != nil || len(events) != 4 {
		t.Fatalf("%d events, %v", len(events), err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if p.epoch != at.Epoch || !slices.EqualFunc(p.events, events, func(a, b task.Event) bool {
		return a.Seq == b.Seq && a.Type == b.Type && a.TaskID == b.TaskID && a.Time.Equal(b.Time) && string(a.Task) == string(b.Task)
	}) {
		t.Fatalf("published %v %v, and the log has %v %v", p.epoch, p.events, at.Epoch, events)
	}
}

// TestTwoWriters has two stores write to one file: the numbers are dense over
// both, each sees the other's, and neither waits for long.
func TestTwoWriters(t *testing.T) {
	path := filepath.Join(t.TempDir(), "tasks.db")
	stores := []*Store{open(t, Options{Path: path}), open(t, Options{Path: path})}
	const rounds, writers = 100, 4
	seen := make([]map[uint64]bool, len(stores))
	var busy sync.WaitGroup
	for i, s := range stores {
		seen[i] = map[uint64]bool{}
		var mu sync.Mutex
		for range writers {
			busy.Go(func() {
				for range rounds {
					r, err := s.Write(t.Context(), newTask(t))
					if err != nil {
						t.Error(err)
						return
					}
					mu.Lock()
					seen[i][r.Position.Seq] = true
					mu.Unlock()
				}
			})
		}
	}
	busy.Wait()
	const all = 2 * writers * rounds
	if at := head(t, stores[0]); at.Seq != all {
		t.Fatalf("%d writes, and the log stands at %v", all, at)
	}
	for seq := uint64(1); seq <= all; seq++ {
		if seen[0][seq] == seen[1][seq] {
			t.Fatalf("%d was given to both or none", seq)
		}
	}
	if events := len(readLog(t, stores[1])); events != all {
		t.Fatalf("%d events", events)
	}
}

// readLog reads the whole log, which must be dense.
func readLog(t *testing.T, s *Store) (all []task.Event) {
	t.Helper()
	first, at, err := s.Bounds(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for at.Seq = first - 1; ; {
		events, _, err := s.Read(t.Context(), at, 1000)
		if err != nil {
			t.Fatal(err)
		}
		if len(events) == 0 {
			return all
		}
		for _, e := range events {
			if e.Seq != at.Seq+1 {
				t.Fatalf("event %d follows %d", e.Seq, at.Seq)
			}
			at.Seq = e.Seq
		}
		all = append(all, events...)
	}
}

// TestClockSetBack writes while the clock goes back.
func TestClockSetBack(t *testing.T) {
	now := make(chan time.Time, 1)
	clock := func() time.Time {
		at := <-now
		now <- at
		return at
	}
	set := func(to time.Time) {
		select {
		case <-now:
		default:
		}
		now <- to
	}
	start := time.UnixMilli(1_800_000_000_000).UTC()
	set(start)
	s := open(t, Options{Now: clock})
	r := addTask(t, s, "x", "")
	set(start.Add(-time.Hour))
	for _, title := range []string{"y", "z"} {
		changed, err := s.Write(t.Context(), task.Change{Kind: task.Merge, ID: r.Task.ID, Patch: task.Patch{Title: &title}})
		if err != nil {
			t.Fatal(err)
		}
		if changed.Task.UpdatedAt.Before(r.Task.UpdatedAt) || changed.Task.CreatedAt != start {
			t.Fatalf("%+v after %+v", changed.Task, r.Task)
		}
	}
	if _, err := s.Write(t.Context(), task.Change{Kind: task.Delete, ID: r.Task.ID}); err != nil {
		t.Fatal(err)
	}
	for _, e := range readLog(t, s) {
		if e.Time.Before(start) {
			t.Fatalf("event %d at %v", e.Seq, e.Time)
		}
	}
}
