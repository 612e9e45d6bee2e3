package supervisor_test

import (
	"fmt"
	"os"
	"runtime"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"taskctl/pkg/supervisor"

	"taskctl/pkg/wait/waittest"
)

func TestOrphansAreReapedAndNothingElse(t *testing.T) {
	s := begin(t, supervisor.Options{}, supervisor.Spec{
		Name: "m", MayFail: true, Restart: supervisor.RestartPolicy{Max: 1},
		// The grandchild has left the group of the command and has no mark in its
		// environment.
		Runner: shell(`env -i setsid sh -c 'exit 3' & exec sleep 600`),
	})
	pid := s.waitState("m", supervisor.StateReady).PID
	kill(t, pid, syscall.SIGUSR1)
	s.waitState("m", supervisor.StateFailed)
	if exit := mustWhy(t, s, "m").Exit; exit.Signal != "SIGUSR1" {
		t.Errorf("another reader got its exit: %+v", exit)
	}
	waittest.For(t, "no child is left, dead or alive", func() bool {
		return unix.Waitid(unix.P_ALL, 0, nil, unix.WEXITED|unix.WNOHANG|unix.WNOWAIT, nil) == unix.ECHILD
	})
}

func TestADyingThreadTakesNoCommandAlong(t *testing.T) {
	var specs []supervisor.Spec
	for i := range 30 {
		specs = append(specs, supervisor.Spec{Name: fmt.Sprint("m", i), Runner: shell("exec sleep 600")})
	}
	s := begin(t, supervisor.Options{}, specs...).started()
	// Threads that are not kept for a command are free to be taken, and to end.
	ended := make(chan struct{})
	for range 100 {
		go func() {
			runtime.LockOSThread() // and never unlocked: the thread ends with the goroutine
			ended <- struct{}{}
		}()
	}
	for range 100 {
		<-ended
	}
	waittest.For(t, "the threads have ended", func() bool {
		tasks, err := os.ReadDir("/proc/self/task")
		return err == nil && len(tasks) < 80
	})
	for _, st := range s.Status() {
		if st.Generation != 1 || !live(st.PID) {
			t.Errorf("it was killed: %+v", st)
		}
	}
}
