//go:build unix

package postgres

import (
	"errors"
	"fmt"
	"testing"

	"taskctl/pkg/store/postgrestest"
	"taskctl/pkg/task"
)

// TestNotReplicated makes the server stop waiting for its synchronous replica: the
// commit exists, but may be lost with the primary. The write is refused as unavailable
// and not published, and a repetition with the same key is answered with its task.
func TestNotReplicated(t *testing.T) {
	server, out := postgrestest.Start(t), new(published)
	s := open(t, Options{URL: server.Database(t), Publisher: out})
	configure := func(standbys string) {
		server.Exec(t, "postgres", "ALTER SYSTEM SET synchronous_standby_names = '"+standbys+"'")
		server.Exec(t, "postgres", "SELECT pg_reload_conf()")
	}
	configure("nobody")
	type refusal struct {
		change  task.Change
		seq     uint64 // of the last write that was acknowledged
		written int    // how many were
		err     error
	}
	refused := make(chan refusal)
	go func() { // the setting needs a moment
		last := refusal{}
		for last.err == nil {
			last.change = keyed(newTask(t, "x"), fmt.Sprint(last.written))
			r, err := s.Write(t.Context(), last.change)
			if last.err = err; err == nil {
				last.seq = r.Position.Seq
				last.written++
			}
		}
		refused <- last
	}()
	var last refusal
	eventually(t, "a refusal", func() error {
		select {
		case last = <-refused:
			return nil
		default:
			server.Exec(t, "postgres", "SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep'")
			return errors.New("no write is refused")
		}
	})
	if !errors.Is(last.err, task.ErrUnavailable) || !errors.Is(last.err, errNotReplicated) {
		t.Errorf("refused with %v", last.err)
	}
	if out.count() != last.written {
		t.Errorf("%d events published of %d acknowledged writes", out.count(), last.written)
	}
	configure("")
	var again task.Result
	eventually(t, "the repeated write", func() (err error) { again, err = s.Write(t.Context(), last.change); return err })
	if !again.Replayed || again.Position.Seq != last.seq+1 || again.Task.ID != last.change.ID {
		t.Errorf("the repeated write is answered %+v", again)
	}
}
