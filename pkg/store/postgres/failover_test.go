//go:build unix

package postgres

import (
	"errors"
	"fmt"
	"sync"
	"testing"

	"taskctl/pkg/store/postgrestest"
	"taskctl/pkg/task"
)

func write(t *testing.T, s *Store, title string) task.Result {
	t.Helper()
	r, err := s.Write(t.Context(), newTask(t, title))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// writeAgain writes when the store has found the new primary.
func writeAgain(t *testing.T, s *Store) (r task.Result) {
	t.Helper()
	eventually(t, "a write", func() (err error) { r, err = s.Write(t.Context(), newTask(t, "after")); return err })
	return r
}

// TestFailoverWithLostCommits promotes a replica that lacks commits. The epoch changes,
// so that no receiver confuses later events with those it has.
func TestFailoverWithLostCommits(t *testing.T) {
	for _, lossless := range []bool{false, true} {
		t.Run(fmt.Sprintf("lossless_failover=%v", lossless), func(t *testing.T) {
			p := postgrestest.StartPair(t)
			s := open(t, Options{URL: p.URL, LosslessFailover: lossless})
			reader := open(t, Options{URL: p.URL, ReadOnly: true})
			kept := write(t, s, "kept")
			p.CatchUp(t)
			p.Disconnect(t)
			var lost task.Result
			for i := range 5 {
				lost = write(t, s, fmt.Sprint("lost ", i))
			}
			p.FailOver(t)
			after := writeAgain(t, s)
			if after.Position.Epoch == kept.Position.Epoch {
				t.Fatalf("written at %s, where %s was lost", after.Position, lost.Position)
			}
			if after.Position.Seq <= kept.Position.Seq || after.Position.Seq > lost.Position.Seq {
				t.Errorf("the log goes on with %s after %s", after.Position, kept.Position)
			}
			var gone *task.GoneError
			eventually(t, "the reader is told", func() error {
				_, _, err := reader.Read(t.Context(), lost.Position, 10)
				if !errors.As(err, &gone) {
					return fmt.Errorf("it reads on, or is refused otherwise: %w", err)
				}
				return nil
			})
			if gone.Reason != task.GoneEpoch || gone.Head.Epoch != after.Position.Epoch {
				t.Errorf("%v", gone)
			}
		})
	}
}

// TestFailoverWithoutLoss promotes a replica that has every commit, as with synchronous
// replication: if the settings say so, the epoch stays.
func TestFailoverWithoutLoss(t *testing.T) {
	for _, lossless := range []bool{false, true} {
		t.Run(fmt.Sprintf("lossless_failover=%v", lossless), func(t *testing.T) {
			p := postgrestest.StartPair(t)
			p.Synchronize(t)
			s := open(t, Options{URL: p.URL, LosslessFailover: lossless})
			var acknowledged sync.Map
			var last task.Result
			for range 20 {
				last = write(t, s, "x")
				acknowledged.Store(last.Position.Seq, last.Task.ID)
			}
			p.FailOver(t)
			after := writeAgain(t, s)
			if kept := after.Position.Epoch == last.Position.Epoch; kept != lossless {
				t.Errorf("written at %s after %s", after.Position, last.Position)
			}
			checkAcknowledged(t, s, &acknowledged)
		})
	}
}

// TestRestoredDump puts a dump back into the same cluster: other events will follow
// with the same numbers, so the epoch changes.
func TestRestoredDump(t *testing.T) {
	server := postgrestest.Start(t)
	database := server.Database(t)
	s, err := Open(t.Context(), Options{URL: database})
	if err != nil {
		t.Fatal(err)
	}
	before := write(t, s, "dumped")
	dump := server.Dump(t, database)
	write(t, s, "lost")
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	other := server.Database(t)
	server.Restore(t, other, dump)
	restored := open(t, Options{URL: other})
	if at := head(t, restored); at.Epoch == before.Position.Epoch || at.Seq != before.Position.Seq {
		t.Errorf("the restored log stands at %s; it was dumped at %s", at, before.Position)
	}
}
