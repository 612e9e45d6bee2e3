package supervisor_test

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/taskctl/taskctl/pkg/supervisor"
)

func TestOrphansAreReapedAndNobodyElse(t *testing.T) {
	// What process 1 is by birth, a subreaper is by choice.
	if err := unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); err != nil {
		t.Skip(err)
	}
	defer func() { _ = unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0) }()
	s := begin(t, supervisor.Options{}, supervisor.Spec{
		Name: "m", MayFail: true, Restart: supervisor.RestartPolicy{Max: 1},
		// The grandchild has no group of the command's any more, and nothing that marks it.
		Runner: shell(`env -i setsid sh -c 'exit 3' & exec sleep 600`),
	})
	pid := s.waitState("m", supervisor.StateReady).PID
	died := make(chan os.Signal, 1)
	signal.Notify(died, syscall.SIGCHLD)
	defer signal.Stop(died)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- s.ReapOrphans(ctx, died) }()
	kill(t, pid, syscall.SIGUSR1)
	s.waitState("m", supervisor.StateFailed)
	if exit := mustWhy(t, s, "m").Exit; exit.Signal != "SIGUSR1" {
		t.Errorf("the news of its death went elsewhere: %+v", exit)
	}
	until(t, "no child is left, dead or alive", func() bool {
		return unix.Waitid(unix.P_ALL, 0, nil, unix.WEXITED|unix.WNOHANG|unix.WNOWAIT, nil) == unix.ECHILD
	})
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
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
	until(t, "the threads have ended", func() bool {
		tasks, err := os.ReadDir("/proc/self/task")
		return err == nil && len(tasks) < 80
	})
	for _, st := range s.Status() {
		if st.Generation != 1 || !live(st.PID) {
			t.Errorf("it was killed: %+v", st)
		}
	}
}
