package launcher

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gofrs/flock"

	"github.com/taskctl/taskctl/pkg/config"
)

// held makes a directory whose lock is held and names pid as its owner.
func held(t *testing.T, pid int) (*config.Config, *flock.Flock) {
	t.Helper()
	cfg := config.Default()
	cfg.Dir = t.TempDir()
	if err := os.MkdirAll(cfg.DataDir(), 0o700); err != nil {
		t.Fatal(err)
	}
	owner := flock.New(cfg.Data(lockFile))
	if err := owner.Lock(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = owner.Close() })
	if err := os.WriteFile(cfg.Data(lockFile), fmt.Appendln(nil, pid), 0o600); err != nil {
		t.Fatal(err)
	}
	return cfg, owner
}

// TestLockLeftToAChild: a launcher that is killed between fork and exec leaves
// its lock to the child for a moment, which is no reason to refuse a start.
func TestLockLeftToAChild(t *testing.T) {
	dead := exec.Command("true")
	if err := dead.Run(); err != nil {
		t.Skip(err)
	}
	cfg, child := held(t, dead.Process.Pid)
	synctest.Test(t, func(t *testing.T) {
		time.AfterFunc(time.Second, func() { _ = child.Unlock() })
		mine, err := lock(t.Context(), cfg)
		if err != nil {
			t.Fatal(err)
		}
		if err := mine.Close(); err != nil {
			t.Error(err)
		}
	})
}

func TestLockOfALivingLauncher(t *testing.T) {
	cfg, _ := held(t, os.Getpid())
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		var running *AlreadyRunningError
		if _, err := lock(t.Context(), cfg); !errors.As(err, &running) || running.PID != os.Getpid() {
			t.Errorf("%v, want it refused in favour of %d", err, os.Getpid())
		}
		if took := time.Since(began); took > 100*time.Millisecond {
			t.Errorf("it took %v to say so", took)
		}
	})
}
