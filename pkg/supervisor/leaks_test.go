//go:build linux

package supervisor_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"syscall"
	"testing"
	"time"

	"taskctl/pkg/supervisor"

	"taskctl/pkg/wait/waittest"
)

// usage counts what a restart could leak.
type usage struct{ descriptors, goroutines int }

func measure(t testing.TB) usage {
	t.Helper()
	fds, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return usage{len(fds), runtime.NumGoroutine()}
}

func TestRestartsLeaveNothingBehind(t *testing.T) {
	restarts := 300
	if testing.Short() {
		restarts = 50
	}
	addr, socket := heldSocket(t)
	p := fakeProcess(t, newCapture(), "--serve")
	p.Sockets = holding(socket)
	runState, err := supervisor.OpenRunState(filepath.Join(t.TempDir(), "run.json"))
	if err != nil {
		t.Fatal(err)
	}
	s := begin(t, supervisor.Options{RunState: runState},
		supervisor.Spec{Name: "rolling", Rolling: true, Runner: p},
		supervisor.Spec{Name: "plain", Runner: fakeProcess(t, newCapture())},
		supervisor.Spec{Name: "command", Runner: shell("exec sleep 600")},
		supervisor.Spec{Name: "crashing", Restart: supervisor.RestartPolicy{BackoffMin: time.Millisecond, BackoffMax: time.Millisecond}, Runner: fakeProcess(t, newCapture())},
	).started()
	round := func() {
		t.Helper()
		if err := s.Restart(t.Context(), "rolling", "plain", "command"); err != nil {
			t.Fatal(err)
		}
		before := s.status("crashing")
		kill(t, before.PID, syscall.SIGKILL)
		waittest.For(t, "it is back", func() bool {
			st := s.status("crashing")
			return st.Generation > before.Generation && st.State == supervisor.StateReady
		})
	}
	settle := func() usage {
		waittest.For(t, "old generations are gone", func() bool { return len(childrenOf(t, os.Getpid())) == 4 })
		var u usage
		waittest.For(t, "the goroutines have ended", func() bool {
			was := u
			u = measure(t)
			return u == was
		})
		return u
	}
	for range 5 {
		round()
	}
	before := settle()
	for range restarts / 4 {
		round()
	}
	after := settle()
	if after.descriptors > before.descriptors+2 || after.goroutines > before.goroutines+2 {
		t.Errorf("before %+v, after %d restarts %+v", before, restarts, after)
	}
	calls := callAlways(addr)
	calls.waitFor(t, s.status("rolling").PID)
	calls.end(t)
	s.stop()
	waittest.For(t, "no child is left, not even a zombie", func() bool {
		var status syscall.WaitStatus
		_, err := syscall.Wait4(-1, &status, syscall.WNOHANG, nil)
		return errors.Is(err, syscall.ECHILD)
	})
}

// TestIntentsCrossEachOther runs requests, crashes and a stop at the same time.
func TestIntentsCrossEachOther(t *testing.T) {
	rounds := 10
	if testing.Short() {
		rounds = 2
	}
	for round := range rounds {
		random := rand.New(rand.NewPCG(uint64(round), 2))
		addr, socket := heldSocket(t)
		p := fakeProcess(t, newCapture(), "--serve")
		p.Sockets = holding(socket)
		policy := supervisor.RestartPolicy{BackoffMin: time.Millisecond, BackoffMax: 2 * time.Millisecond}
		s := begin(t, supervisor.Options{},
			supervisor.Spec{Name: "api", Rolling: true, Runner: p, Restart: policy},
			supervisor.Spec{Name: "consumer", After: []string{"api"}, Runner: fakeProcess(t, newCapture()), Restart: policy},
		).started()
		ctx, cancel := context.WithTimeout(t.Context(), waitTime)
		var everybody sync.WaitGroup
		for range 3 {
			seed := random.Uint64()
			everybody.Go(func() {
				mine := rand.New(rand.NewPCG(seed, 3))
				for range 8 {
					name := []string{"api", "consumer"}[mine.IntN(2)]
					var err error
					switch mine.IntN(4) {
					case 0:
						err = s.Stop(ctx, name)
					case 1, 2:
						err = s.Restart(ctx, name)
					case 3:
						if pid := s.status(name).PID; pid != 0 {
							_ = syscall.Kill(pid, syscall.SIGKILL) // it may be gone by now
						}
					}
					var restart *supervisor.RestartError
					if err != nil && !errors.Is(err, supervisor.ErrStopped) && !errors.Is(err, supervisor.ErrSuperseded) && !errors.As(err, &restart) {
						t.Errorf("round %d: %v", round, err)
					}
				}
			})
		}
		everybody.Wait()
		if err := s.Restart(ctx); err != nil {
			t.Errorf("round %d: %v", round, err)
		}
		for _, st := range s.Status() {
			if st.State != supervisor.StateReady || !live(st.PID) {
				t.Errorf("round %d: %+v", round, st)
			}
		}
		waittest.For(t, "old generations are gone", func() bool { return len(childrenOf(t, os.Getpid())) == 2 })
		calls := callAlways(addr)
		calls.waitFor(t, s.status("api").PID)
		calls.end(t)
		for name, e := range s.stop() {
			if e.How != supervisor.OutcomeStopped {
				t.Errorf("round %d: %s ended as %+v", round, name, e)
			}
		}
		if children := childrenOf(t, os.Getpid()); len(children) > 0 {
			t.Errorf("round %d: left %v", round, children)
		}
		cancel()
	}
}

// BenchmarkCrashToReady is how long a component is away after a crash.
func BenchmarkCrashToReady(b *testing.B) {
	ready := make(chan uint64, 1)
	s := begin(b, supervisor.Options{OnChange: func(st supervisor.Status) {
		if st.State == supervisor.StateReady {
			ready <- st.Generation
		}
	}}, supervisor.Spec{Name: "api", Restart: supervisor.RestartPolicy{BackoffMin: 1, BackoffMax: 1}, Runner: fakeProcess(b, newCapture())}).started()
	<-ready
	for b.Loop() {
		kill(b, s.status("api").PID, syscall.SIGKILL)
		<-ready
	}
}
