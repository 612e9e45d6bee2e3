package sqlite

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"go.uber.org/goleak"

	"taskctl/pkg/store/storetest"
	"taskctl/pkg/task"
)

// TestMain lets the test binary be run again as the process that is killed.
func TestMain(m *testing.M) {
	if path := os.Getenv(crashPath); path != "" {
		if err := writeUntilKilled(path); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
	goleak.VerifyTestMain(m)
}

// open opens the store at o.Path, or in a new directory, and closes it in the end.
func open(t testing.TB, o Options) *Store {
	t.Helper()
	if o.Path == "" {
		o.Path = filepath.Join(t.TempDir(), "data", "taskctl.db")
	}
	s, err := Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	return s
}

func decoded(t testing.TB, r task.Record) task.Task {
	t.Helper()
	task, err := r.Task()
	if err != nil {
		t.Fatal(err)
	}
	return task
}

func TestStore(t *testing.T) {
	storetest.Run(t, func(t testing.TB) task.Store { return open(t, Options{}) })
}

// TestShared opens one file several times, as two generations of the api do.
func TestShared(t *testing.T) {
	storetest.RunShared(t, func(t testing.TB) func(int) task.Store {
		path := filepath.Join(t.TempDir(), "tasks.db")
		return func(maxEvents int) task.Store {
			return open(t, Options{Path: path, Retention: Retention{MaxEvents: maxEvents}})
		}
	})
}
