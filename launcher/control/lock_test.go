package control

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gofrs/flock"

	"taskctl/pkg/config"
	"taskctl/pkg/supervisor"
)

// lockedDir makes a directory whose lock is held and that names a process as its owner.
func lockedDir(t *testing.T, id supervisor.ProcessID, stage Stage) (*config.Config, *flock.Flock) {
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
	writePID(t, cfg, id, stage)
	return cfg, owner
}

func writePID(t *testing.T, cfg *config.Config, id supervisor.ProcessID, stage Stage) {
	t.Helper()
	if err := os.WriteFile(cfg.Data(pidFile), fmt.Appendln(nil, id.PID, id.Started, stage), 0o600); err != nil {
		t.Fatal(err)
	}
}

// self is this process.
func self(t *testing.T) supervisor.ProcessID {
	t.Helper()
	id, found := supervisor.Identify(os.Getpid())
	if !found {
		t.Fatal("this process has no start time")
	}
	return id
}

// A launcher that is killed between fork and exec leaves its lock to the child for
// a moment, which is no reason to refuse a start.
func TestLockInheritedByAChild(t *testing.T) {
	dead := exec.Command("true")
	if err := dead.Run(); err != nil {
		t.Skip(err)
	}
	cfg, child := lockedDir(t, supervisor.ProcessID{PID: dead.Process.Pid}, StageServing)
	synctest.Test(t, func(t *testing.T) {
		time.AfterFunc(time.Second, func() { _ = child.Unlock() })
		mine, err := Lock(t.Context(), cfg)
		if err != nil {
			t.Fatal(err)
		}
		if err := mine.Release(); err != nil {
			t.Error(err)
		}
	})
}

// A `status` checks the lock by taking it briefly; on a busy machine that takes longer.
func TestLockWhileItIsLookedAt(t *testing.T) {
	id, cmd := bystander(t)
	_, _ = cmd.Process.Kill(), cmd.Wait()
	cfg, launcher := lockedDir(t, id, stageStopped)
	if err := launcher.Close(); err != nil {
		t.Fatal(err)
	}
	look := flock.New(cfg.Data(lockFile), flock.SetFlag(os.O_RDONLY))
	if err := look.RLock(); err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		time.AfterFunc(10*lockTimeout, func() { _ = look.Close() })
		mine, err := Lock(t.Context(), cfg)
		if err != nil {
			t.Fatal(err)
		}
		if err := mine.Release(); err != nil {
			t.Error(err)
		}
	})
}

func TestLockOfALivingLauncher(t *testing.T) {
	cfg, _ := lockedDir(t, self(t), StageServing)
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		var running *AlreadyRunningError
		if _, err := Lock(t.Context(), cfg); !errors.As(err, &running) || running.PID != os.Getpid() {
			t.Errorf("%v, want an error that names pid %d", err, os.Getpid())
		}
		if took := time.Since(began); took > 100*time.Millisecond {
			t.Errorf("it took %v", took)
		}
	})
}

// The stage in the pid file distinguishes a socket that does not exist yet, or is
// closed, from a removed one.
func TestInspectWithoutASocket(t *testing.T) {
	for stage, want := range map[Stage]State{stageStarting: Starting, StageServing: Degraded, StageStopping: Stopping} {
		t.Run(string(stage), func(t *testing.T) {
			cfg, _ := lockedDir(t, self(t), stage)
			s, err := Inspect(t.Context(), cfg)
			if s.State != want || s.PID != os.Getpid() {
				t.Errorf("%s of pid %d, want %s of this process", s.State, s.PID, want)
			}
			var silent *NotAnsweringError
			if removed := errors.As(err, &silent); removed != (stage == StageServing) || removed && silent.NoSocket != cfg.Data(socketFile) {
				t.Errorf("error: %v", err)
			}
		})
	}
}

// bystander is an unrelated process.
func bystander(t *testing.T) (supervisor.ProcessID, *exec.Cmd) {
	t.Helper()
	cmd := exec.Command("sleep", "1000")
	if err := cmd.Start(); err != nil {
		t.Skip(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	id, found := supervisor.Identify(cmd.Process.Pid)
	if !found {
		t.Fatal("it has ended")
	}
	return id, cmd
}

// Another process holds the lock, and the pid file names an unrelated process, with a
// wrong or even the right start time: that process is not a launcher.
func TestInnocentProcessIsNoOwner(t *testing.T) {
	id, _ := bystander(t)
	for name, forged := range map[string]supervisor.ProcessID{
		"a pid that was reused": {PID: id.PID, Started: id.Started - 1},
		"its own start time":    id,
	} {
		t.Run(name, func(t *testing.T) {
			if name == "its own start time" && runtime.GOOS != "linux" {
				t.Skip("who holds a lock cannot be seen here")
			}
			cfg, _ := lockedDir(t, forged, StageServing)
			synctest.Test(t, func(t *testing.T) {
				o, err := Owner(cfg)
				var unknown *UnknownOwnerError
				if !errors.As(err, &unknown) || unknown.Path != cfg.Data(lockFile) {
					t.Errorf("the owner is %+v, %v", o, err)
				}
				_, err = Lock(t.Context(), cfg)
				if !errors.As(err, &unknown) {
					t.Errorf("Lock returned %v", err)
				}
			})
		})
	}
}

// Terminate signals no process after the target launcher has ended.
func TestTerminateEndedLauncher(t *testing.T) {
	id, cmd := bystander(t)
	cfg, _ := lockedDir(t, self(t), StageServing)
	for name, target := range map[string]Instance{
		"its pid was reused":     {ProcessID: supervisor.ProcessID{PID: id.PID, Started: id.Started - 1}},
		"another took over":      {ProcessID: id},
		"its pid does not exist": {ProcessID: supervisor.ProcessID{PID: 1 << 22}},
	} {
		t.Run(name, func(t *testing.T) {
			if killed, err := Terminate(t.Context(), cfg, target, time.Minute); killed || err != nil {
				t.Errorf("killed %t, %v", killed, err)
			}
			if !id.Running() {
				t.Errorf("the bystander was ended: %v", cmd.ProcessState)
			}
		})
	}
}

// A `stop` waits for the launcher that it asked, and not for the next one.
func TestWaitEndedWhenAnotherTakesOver(t *testing.T) {
	id, _ := bystander(t)
	cfg, _ := lockedDir(t, self(t), StageServing)
	if err := (Instance{ProcessID: id}).WaitEnded(t.Context(), cfg); err != nil {
		t.Error(err)
	}
}

// A launcher whose lock file was removed runs on for a moment: a start must not treat
// its components as leftovers.
func TestLockFileRemovedWhileItsOwnerRuns(t *testing.T) {
	id, _ := bystander(t) // in the place of a launcher that does not answer
	cfg, _ := lockedDir(t, id, StageServing)
	if err := os.Remove(cfg.Data(lockFile)); err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		var running *AlreadyRunningError
		if _, err := Lock(t.Context(), cfg); !errors.As(err, &running) || running.PID != id.PID {
			t.Errorf("Lock returned %v", err)
		}
	})
	writePID(t, cfg, id, stageStopped) // it has ended, except the process itself
	lock, err := Lock(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	if err := lock.Release(); err != nil {
		t.Error(err)
	}
}
