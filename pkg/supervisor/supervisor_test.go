//go:build linux

package supervisor_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"

	"taskctl/pkg/supervisor"
	"taskctl/pkg/supervisor/child"

	"taskctl/pkg/wait/waittest"
)

// runners are the two ways to run a well-behaved component.
var runners = map[string]func(t testing.TB) supervisor.Runner{
	"process": func(t testing.TB) supervisor.Runner { return fakeProcess(t, newCapture()) },
	"func": func(testing.TB) supervisor.Runner {
		return supervisor.Func{Run: func(ctx context.Context, h *child.Handle) error {
			h.Ready()
			<-ctx.Done()
			return nil
		}}
	},
}

// journal records the changes of all components in order.
type journal struct {
	mu      sync.Mutex
	entries []string
}

func (j *journal) change(s supervisor.Status) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.entries = append(j.entries, s.Name+" "+string(s.State))
}

// at returns the place of an entry's first occurrence, -1 if there is none.
func (j *journal) at(entry string) int {
	j.mu.Lock()
	defer j.mu.Unlock()
	return slices.Index(j.entries, entry)
}

func TestStartInOrderStopInReverse(t *testing.T) {
	for name, runner := range runners {
		t.Run(name, func(t *testing.T) {
			var j journal
			s := begin(t, supervisor.Options{OnChange: j.change},
				supervisor.Spec{Name: "consumer", After: []string{"api"}, Runner: runner(t)},
				supervisor.Spec{Name: "api", After: []string{"wsserver"}, Runner: runner(t)},
				supervisor.Spec{Name: "wsserver", Runner: runner(t)},
			).started()
			pids := make(map[string]int)
			for _, st := range s.Status() {
				if st.State != supervisor.StateReady || st.Generation != 1 {
					t.Errorf("%s is %s in generation %d", st.Name, st.State, st.Generation)
				}
				pids[st.Name] = st.PID
			}
			receipt := s.stop()
			for name, e := range receipt {
				if e.How != supervisor.OutcomeStopped || len(e.Left) > 0 {
					t.Errorf("%s ended as %+v", name, e)
				}
				if pids[name] != 0 && live(pids[name]) {
					t.Errorf("%s still runs", name)
				}
			}
			order := []string{
				"wsserver ready", "api ready", "consumer ready",
				"consumer stopping", "consumer stopped", "api stopping", "api stopped", "wsserver stopping", "wsserver stopped",
			}
			for i := 1; i < len(order); i++ {
				if j.at(order[i-1]) < 0 || j.at(order[i]) < j.at(order[i-1]) {
					t.Errorf("%q came before %q in %q", order[i], order[i-1], j.entries)
				}
			}
		})
	}
}

func TestCrashIsRestarted(t *testing.T) {
	s := begin(t, supervisor.Options{}, supervisor.Spec{Name: "api", Runner: fakeProcess(t, newCapture())}).started()
	first := s.status("api")
	kill(t, first.PID, syscall.SIGKILL)
	waittest.For(t, "the second generation is ready", func() bool {
		st := s.status("api")
		return st.State == supervisor.StateReady && st.Generation == 2
	})
	st := s.status("api")
	if st.Restarts != 1 || st.Budget.Deaths != 1 || st.LastExit == nil || st.LastExit.Signal != "SIGKILL" || st.LastExit.Killed {
		t.Errorf("status after a crash: %+v, last exit %+v", st, st.LastExit)
	}
	record, died, err := s.Why("api")
	if err != nil || !died || record.PID != first.PID || record.Exit.Reason != supervisor.Exited {
		t.Errorf("Why: %+v, %v, %v", record, died, err)
	}
	if got := s.stop()["api"].How; got != supervisor.OutcomeStopped {
		t.Errorf("ended as %s", got)
	}
}

func TestDeathBeforeReadyFailsTheStart(t *testing.T) {
	output := newCapture()
	s := begin(t, supervisor.Options{},
		supervisor.Spec{Name: "wsserver", Runner: fakeProcess(t, newCapture())},
		supervisor.Spec{
			Name: "api", After: []string{"wsserver"},
			Runner: fakeProcess(t, output, "--never-ready", "--spew=40", "--no-newline=last words", "--exit-after=1ms", "--exit-code=7"),
		},
		supervisor.Spec{Name: "consumer", After: []string{"api"}, Runner: fakeProcess(t, newCapture())},
	)
	<-s.StartFailed()
	var failed *supervisor.StartError
	if !errors.As(s.StartError(), &failed) || failed.Component != "api" || failed.Exit.Code != 7 {
		t.Fatalf("StartError is %v", s.StartError())
	}
	if n := len(failed.Lines); n != supervisor.MaxTailLines || failed.Lines[n-1] != "last words" || failed.Lines[0] != "line 11" {
		t.Errorf("last lines: %q", failed.Lines)
	}
	if !strings.HasSuffix(output.String(), "line 39\nlast words") {
		t.Errorf("output ends in %q", output.String())
	}
	receipt := s.stop()
	if receipt["wsserver"].How != supervisor.OutcomeStopped || receipt["api"].How != supervisor.OutcomeFailed ||
		receipt["consumer"].How != supervisor.OutcomeNotStarted {
		t.Errorf("receipt: %+v", receipt)
	}
}
