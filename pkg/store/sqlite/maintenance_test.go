package sqlite

import (
	"errors"
	"fmt"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"taskctl/pkg/store/storetest"
	"taskctl/pkg/task"
)

// clock is a clock that is set by hand.
type clock struct{ ms atomic.Int64 }

func newClock() *clock {
	c := &clock{}
	c.ms.Store(1_800_000_000_000)
	return c
}

func (c *clock) now() time.Time          { return time.UnixMilli(c.ms.Load()) }
func (c *clock) advance(d time.Duration) { c.ms.Add(d.Milliseconds()) }

// maintained writes as many tasks as make a store runMaintenance up, until the log begins at
// first.
func maintained(t *testing.T, s *Store, first func(first, head uint64) bool) {
	t.Helper()
	for range 40 {
		fill(t, s, maintenanceWrites)
		begin, at, err := s.Bounds(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if first(begin, at.Seq) {
			return
		}
	}
	t.Fatal("the log is not shortened")
}

func TestRetentionByCount(t *testing.T) {
	const most = 300
	o := Options{Path: filepath.Join(t.TempDir(), "tasks.db"), Retention: Retention{MaxEvents: most}}
	s := open(t, o)
	fill(t, s, 3000)
	maintained(t, s, func(first, head uint64) bool { return head-first < most+2*maintenanceWrites })
	if err := s.Close(); err != nil { // it may still be at it
		t.Fatal(err)
	}
	s = open(t, o)

	first, at, err := s.Bounds(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if held := at.Seq - first + 1; held < most {
		t.Fatalf("%d events held, of the %d that are wanted", held, most)
	}
	readLog(t, s)
	for after, want := range map[uint64]task.GoneReason{0: task.GoneTooOld, first - 2: task.GoneTooOld, first - 1: "", at.Seq: ""} {
		var gone *task.GoneError
		_, _, err := s.Read(t.Context(), task.Position{Epoch: at.Epoch, Seq: after}, 1)
		switch {
		case want == "" && err != nil, want != "" && (!errors.As(err, &gone) || gone.Reason != want || gone.Head != at):
			t.Errorf("Read after %d, where the log begins with %d: %v", after, first, err)
		}
	}
	if page, err := s.List(t.Context(), task.Query{Limit: 1000}); err != nil || len(page.Records) != 1000 {
		t.Fatalf("the tasks are there as before: %d, %v", len(page.Records), err)
	}
}

func TestRetentionByAge(t *testing.T) {
	c := newClock()
	s := open(t, Options{Now: c.now, Retention: Retention{MaxAge: time.Hour}})
	fill(t, s, 700)
	c.advance(59 * time.Minute)
	fill(t, s, maintenanceWrites)
	if first, _, err := s.Bounds(t.Context()); err != nil || first != 1 {
		t.Fatalf("before its time, the log begins with %d, %v", first, err)
	}
	c.advance(2 * time.Minute)
	maintained(t, s, func(first, _ uint64) bool { return first == 701 })
	maintained(t, s, func(first, _ uint64) bool { return first == 701 })
}

// TestRetentionKeepsTheLast checks that the last event stays, because the next seq
// follows from it.
func TestRetentionKeepsTheLast(t *testing.T) {
	c := newClock()
	s := open(t, Options{Now: c.now, Retention: Retention{MaxAge: time.Minute, MaxEvents: 1}})
	last := uint64(0)
	for range 5 {
		fill(t, s, maintenanceWrites)
		c.advance(time.Hour)
		at := head(t, s)
		if at.Seq != last+maintenanceWrites {
			t.Fatalf("%d after %d", at.Seq, last)
		}
		last = at.Seq
	}
	maintained(t, s, func(first, head uint64) bool { return first > 5*maintenanceWrites })
}

// writeKeyed makes a task under an idempotency key.
func writeKeyed(t *testing.T, s *Store, key string, of byte) task.Result {
	t.Helper()
	r, err := s.Write(t.Context(), task.Change{
		Kind: task.Create, ID: storetest.NewID(t), Patch: storetest.Values("x", "", false),
		Key: task.IdempotencyKey{Key: key, Fingerprint: [32]byte{of}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// keptKeys returns the keys that the database at path holds, in order.
func keptKeys(t *testing.T, path string) (keys string) {
	t.Helper()
	c, err := connect(t.Context(), path, readOnly)
	if err != nil {
		t.Fatal(err)
	}
	_, err = c.first(t.Context(), "SELECT group_concat(key) FROM (SELECT key FROM keys ORDER BY key)", func(r row) error {
		keys = r.text(0)
		return nil
	})
	if err := errors.Join(err, c.Close()); err != nil {
		t.Fatal(err)
	}
	return keys
}

func TestKeysExpire(t *testing.T) {
	c := newClock()
	path := filepath.Join(t.TempDir(), "tasks.db")
	s := open(t, Options{Path: path, Now: c.now})
	write := func(name string, of byte) task.Result {
		t.Helper()
		return writeKeyed(t, s, name, of)
	}
	for i := range 10 {
		write(fmt.Sprint("old", i), 1)
	}
	first := write("key", 1)
	c.advance(task.IdempotencyTTL - time.Second)
	write("young", 1)
	if r := write("key", 1); !r.Replayed || r.Position != first.Position {
		t.Fatalf("within the day: %+v", r)
	}
	c.advance(time.Second)
	if r := write("key", 2); r.Replayed {
		t.Fatalf("after the day: %+v", r)
	}
	if r := write("key", 2); !r.Replayed {
		t.Fatalf("again after that: %+v", r)
	}
	fill(t, s, maintenanceWrites)
	fill(t, s, maintenanceWrites) // the maintenance after the first has been done by now

	if keys := keptKeys(t, path); keys != "key,young" {
		t.Fatalf("keys kept: %q", keys)
	}
}

// TestKeysOfAClockSetBack sets back a clock that was far ahead: its keys do not
// keep the others, behind them, from being removed. Those of a clock that is only
// a little ahead have their time.
func TestKeysOfAClockSetBack(t *testing.T) {
	c := newClock()
	path := filepath.Join(t.TempDir(), "tasks.db")
	s := open(t, Options{Path: path, Now: c.now})
	const ahead = 365 * 24 * time.Hour
	c.advance(ahead)
	for i := range maintenanceStep + 1 {
		writeKeyed(t, s, fmt.Sprint("far", i), 1)
	}
	c.advance(-ahead)
	writeKeyed(t, s, "old", 1)
	c.advance(2 * task.IdempotencyTTL)
	writeKeyed(t, s, "ahead", 1)
	c.advance(-task.IdempotencyTTL)
	for range 4 { // the maintenance after all but the last has been done by then
		fill(t, s, maintenanceWrites)
	}
	if keys := keptKeys(t, path); keys != "ahead" {
		t.Fatalf("keys kept: %.60q", keys)
	}
	if r := writeKeyed(t, s, "ahead", 1); !r.Replayed {
		t.Fatalf("within the day: %+v", r)
	}
}
