//go:build linux

package supervisor_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"taskctl/pkg/supervisor"
	"taskctl/pkg/supervisor/child"

	"taskctl/pkg/wait/waittest"
)

// callers connect repeatedly until they are stopped, and count the answers of each
// generation.
type callers struct {
	mu      sync.Mutex
	answers map[string]int
	failed  []error
	stop    chan struct{}
	done    sync.WaitGroup
}

func callAlways(addr string) *callers {
	c := &callers{answers: make(map[string]int), stop: make(chan struct{})}
	for range 4 {
		c.done.Go(func() {
			for {
				select {
				case <-c.stop:
					return
				default:
					c.call(addr)
				}
			}
		})
	}
	return c
}

func (c *callers) call(addr string) {
	conn, err := net.Dial("tcp", addr)
	var answer []byte
	if err == nil {
		_ = conn.SetDeadline(time.Now().Add(waitTime))
		answer, err = io.ReadAll(conn)
		_ = conn.Close()
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if err != nil {
		c.failed = append(c.failed, err)
		return
	}
	c.answers[strings.TrimSpace(string(answer))]++
}

func (c *callers) waitFor(t testing.TB, pid int) {
	t.Helper()
	waittest.For(t, fmt.Sprintf("%d answers", pid), func() bool {
		c.mu.Lock()
		defer c.mu.Unlock()
		return c.answers[fmt.Sprint(pid)] > 0
	})
}

func (c *callers) end(t testing.TB) {
	t.Helper()
	close(c.stop)
	c.done.Wait()
	if len(c.failed) > 0 || c.answers[""] > 0 {
		t.Errorf("%d calls failed, first: %v; %d were cut", len(c.failed), slices.Concat(c.failed, []error{nil})[0], c.answers[""])
	}
}

func TestRollingRestartRefusesNobody(t *testing.T) {
	addr, socket := heldSocket(t)
	p := fakeProcess(t, newCapture(), "--serve")
	p.Sockets = holding(socket)
	s := begin(t, supervisor.Options{}, supervisor.Spec{Name: "api", Rolling: true, Runner: p}).started()
	calls := callAlways(addr)
	for round := range 5 {
		old := s.status("api").PID
		calls.waitFor(t, old)
		if err := s.Restart(t.Context(), "api"); err != nil {
			t.Fatal(err)
		}
		st := s.status("api")
		if st.PID == old || st.State != supervisor.StateReady || st.Generation != uint64(round+2) || st.Restarts != 0 {
			t.Errorf("after the restart: %+v", st)
		}
		calls.waitFor(t, st.PID)
		waittest.For(t, "the old one is gone", func() bool { return !live(old) })
	}
	calls.end(t)
}

func TestConnectionsWaitWhileACrashedOneRestarts(t *testing.T) {
	addr, socket := heldSocket(t)
	p := fakeProcess(t, newCapture(), "--serve")
	p.Sockets = holding(socket)
	s := begin(t, supervisor.Options{}, supervisor.Spec{Name: "api", Runner: p, Restart: supervisor.RestartPolicy{BackoffMin: time.Millisecond}}).started()
	kill(t, s.status("api").PID, syscall.SIGKILL)
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatalf("refused while it restarts: %v", err)
	}
	defer func() { _ = conn.Close() }()
	answer, err := io.ReadAll(conn)
	waittest.For(t, "the second generation is ready", func() bool {
		st := s.status("api")
		return st.Generation == 2 && st.State == supervisor.StateReady
	})
	if want := fmt.Sprintln(s.status("api").PID); err != nil || string(answer) != want {
		t.Errorf("answer %q, %v, want %q", answer, err, want)
	}
}

func TestRollingRestartThatFailsLeavesTheOldOne(t *testing.T) {
	for name, tt := range map[string]struct {
		args    []string
		timeout time.Duration
		reason  supervisor.Reason
	}{
		"dies":        {[]string{"--never-ready", "--no-newline=no room", "--exit-after=1ms"}, time.Minute, supervisor.Exited},
		"never ready": {[]string{"--never-ready", "--no-newline=no room"}, 2 * time.Second, supervisor.NotReady},
	} {
		t.Run(name, func(t *testing.T) {
			addr, socket := heldSocket(t)
			runner := runnerFunc(func(gen supervisor.Generation) supervisor.Process {
				p := fakeProcess(t, newCapture(), "--serve")
				if gen.Number > 1 {
					p = fakeProcess(t, newCapture(), tt.args...)
				}
				p.Sockets = holding(socket)
				return p
			})
			s := begin(t, supervisor.Options{}, supervisor.Spec{Name: "api", Rolling: true, ReadyTimeout: tt.timeout, Runner: runner}).started()
			old := s.status("api")
			calls := callAlways(addr)
			err := s.Restart(t.Context(), "api")
			var failed *supervisor.RestartError
			if !errors.As(err, &failed) || !failed.PreviousServes || failed.Exit.Reason != tt.reason || !slices.Equal(failed.Lines, []string{"no room"}) {
				t.Errorf("restart: %v, %+v", err, failed)
			}
			if st := s.status("api"); st.PID != old.PID || st.State != supervisor.StateReady || st.Budget.Deaths != 0 {
				t.Errorf("status %+v", st)
			}
			calls.waitFor(t, old.PID)
			calls.end(t)
		})
	}
}

func TestACrashDuringARollingRestartHandsOver(t *testing.T) {
	addr, socket := heldSocket(t)
	permission := filepath.Join(t.TempDir(), "go")
	runner := runnerFunc(func(gen supervisor.Generation) supervisor.Process {
		p := fakeProcess(t, newCapture(), "--serve")
		if gen.Number > 1 {
			p = fakeProcess(t, newCapture(), "--serve", "--ready-when="+permission)
		}
		p.Sockets = holding(socket)
		return p
	})
	s := begin(t, supervisor.Options{}, supervisor.Spec{Name: "api", Rolling: true, Runner: runner}).started()
	old := s.status("api").PID
	restarted := make(chan error, 1)
	go func() { restarted <- s.Restart(context.Background(), "api") }()
	waittest.For(t, "both run", func() bool { return len(childrenOf(t, os.Getpid())) == 2 })
	kill(t, old, syscall.SIGKILL)
	waittest.For(t, "the crash is seen", func() bool { return s.status("api").PID != old })
	if err := os.WriteFile(permission, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := <-restarted; err != nil {
		t.Fatal(err)
	}
	if st := s.status("api"); st.Generation != 2 {
		t.Errorf("status %+v", st)
	}
	calls := callAlways(addr)
	calls.waitFor(t, s.status("api").PID)
	calls.end(t)
}

// childrenOf lists a process's children that live.
func childrenOf(t testing.TB, pid int) []int {
	t.Helper()
	entries, err := os.ReadDir("/proc")
	if err != nil {
		t.Fatal(err)
	}
	var children []int
	for _, e := range entries {
		var n, parent int
		if _, err := fmt.Sscan(e.Name(), &n); err != nil {
			continue
		}
		text, err := os.ReadFile("/proc/" + e.Name() + "/stat")
		if err != nil {
			continue
		}
		fields := strings.Fields(string(text[strings.LastIndexByte(string(text), ')')+1:]))
		if _, err := fmt.Sscan(fields[1], &parent); err == nil && parent == pid && fields[0] != "Z" {
			children = append(children, n)
		}
	}
	return children
}

func TestRollingGoroutines(t *testing.T) {
	addr, socket := heldSocket(t)
	var current sync.Map
	f := supervisor.Func{
		Listeners: func() ([]net.Listener, error) { return child.Listeners([]*os.File{socket}) },
		Run: func(ctx context.Context, h *child.Handle) error {
			generation, _ := current.LoadOrStore("n", new(int))
			n := generation.(*int)
			*n++
			number := *n
			h.Ready()
			if accept := h.Gate().Accept; accept != nil {
				select {
				case <-accept:
				case <-ctx.Done():
					return nil
				}
			}
			l := h.Listeners()[0]
			go func() {
				select {
				case <-ctx.Done():
				case <-h.Gate().Retire:
				}
				_ = l.Close()
			}()
			for {
				c, err := l.Accept()
				if err != nil {
					return nil
				}
				_, _ = fmt.Fprintln(c, number)
				_ = c.Close()
			}
		},
	}
	s := begin(t, supervisor.Options{}, supervisor.Spec{Name: "api", Rolling: true, Runner: f}).started()
	calls := callAlways(addr)
	calls.waitFor(t, 1)
	if err := s.Restart(t.Context()); err != nil {
		t.Fatal(err)
	}
	calls.waitFor(t, 2)
	calls.end(t)
	if e := s.stop()["api"]; e.How != supervisor.OutcomeStopped {
		t.Errorf("ended as %+v", e)
	}
}
