package sqlite

import (
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"
)

// TestPace waits only if others have written since the last wait.
func TestPace(t *testing.T) {
	path := filepath.Join(t.TempDir(), "tasks.db")
	written := time.Now()
	write := func() {
		written = written.Add(time.Second)
		if err := os.WriteFile(path+"-wal", nil, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(path+"-wal", written, written); err != nil {
			t.Fatal(err)
		}
	}
	synctest.Test(t, func(t *testing.T) {
		p := newPace(path)
		after := func(work time.Duration) time.Duration {
			time.Sleep(work)
			began := time.Now()
			p.keep(t.Context())
			return time.Since(began)
		}
		if waited := after(time.Second); waited != 0 {
			t.Errorf("without a log it waits %v", waited)
		}
		write()
		if waited := after(workPiece / 2); waited != 0 {
			t.Errorf("after a little work it waits %v", waited)
		}
		if waited := after(workPiece / 2); waited != workPause {
			t.Errorf("it waits %v", waited)
		}
		if waited := after(time.Second); waited != 0 {
			t.Errorf("nobody has written, and it waits %v", waited)
		}
	})
}
