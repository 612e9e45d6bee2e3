package sqlite

import (
	"path/filepath"
	"testing"

	"go.uber.org/goleak"

	"github.com/taskctl/taskctl/pkg/store/storetest"
	"github.com/taskctl/taskctl/pkg/task"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

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

func TestStore(t *testing.T) {
	storetest.Run(t, func(t testing.TB) task.Store { return open(t, Options{}) })
}
