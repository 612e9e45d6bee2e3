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
func held(t *testing.T, pid int, at stage) (*config.Config, *flock.Flock) {
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
	if err := os.WriteFile(cfg.Data(pidFile), fmt.Appendln(nil, pid, at), 0o600); err != nil {
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
	cfg, child := held(t, dead.Process.Pid, here)
	synctest.Test(t, func(t *testing.T) {
		time.AfterFunc(time.Second, func() { _ = child.Unlock() })
		mine, err := lock(t.Context(), cfg)
		if err != nil {
			t.Fatal(err)
		}
		if err := mine.release(); err != nil {
			t.Error(err)
		}
	})
}

func TestLockOfALivingLauncher(t *testing.T) {
	cfg, _ := held(t, os.Getpid(), here)
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

// What a launcher says of itself tells a socket that is not there yet, or no more,
// from one that somebody has removed.
func TestLookWithoutASocket(t *testing.T) {
	for at, want := range map[stage]State{coming: Starting, here: Degraded, leaving: Stopping} {
		t.Run(string(at), func(t *testing.T) {
			cfg, _ := held(t, 42, at)
			s, err := Look(t.Context(), cfg)
			if s.State != want || s.PID != 42 {
				t.Errorf("%s of pid %d, want %s of 42", s.State, s.PID, want)
			}
			var silent *NotAnsweringError
			if gone := errors.As(err, &silent); gone != (at == here) || gone && silent.NoSocket != cfg.Data(socketFile) {
				t.Errorf("error: %v", err)
			}
		})
	}
}
