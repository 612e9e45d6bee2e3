package launcher

import (
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"taskctl/pkg/message"
	"taskctl/pkg/supervisor"
)

// TestReporterOnUnansweredHealthChecks follows the messages about a component that
// is stopped by a signal, continues, hangs, and is restarted.
func TestReporterOnUnansweredHealthChecks(t *testing.T) {
	var printed, logged strings.Builder
	r := newReporter(reporterOptions{
		Print: func(text string) { fmt.Fprintln(&printed, text) },
		Lang:  message.English, Log: slog.New(slog.NewTextHandler(&logged, nil)),
	})
	r.begin()
	api := func(state supervisor.State, pid int, generation uint64) supervisor.Status {
		return supervisor.Status{Name: "api", State: state, PID: pid, Generation: generation}
	}
	suspended := api(supervisor.StateUnhealthy, 7, 1)
	suspended.Suspended = true
	hung := supervisor.Exit{Code: 2, Reason: supervisor.Hung}
	restarted := api(supervisor.StateStarting, 8, 2)
	restarted.LastExit = &hung
	back := restarted
	back.State = supervisor.StateReady
	for _, step := range []struct {
		status supervisor.Status
		want   string
	}{
		{api(supervisor.StateReady, 7, 1), ""},
		{suspended, "api is suspended by a signal, so it does not answer; it is not restarted for that. `kill -CONT 7` resumes it\n"},
		{api(supervisor.StateReady, 7, 1), "api is no longer suspended and answers again\n"},
		{api(supervisor.StateUnhealthy, 7, 1), "api does not answer; its goroutines are written to its log (taskctl logs api), then it is restarted\n"},
		{restarted, "api died (exit 2, because it did not answer its health checks); restarting it\n"},
		{back, "api is ready again (pid 8)\n"},
	} {
		printed.Reset()
		r.changed(step.status)
		if printed.String() != step.want {
			t.Errorf("%s: printed %q, want %q", step.status.State, printed.String(), step.want)
		}
	}
	// A detached launcher has no terminal.
	for _, want := range []string{"component is stopped by a signal", "component goes on", "component does not answer"} {
		if n := strings.Count(logged.String(), fmt.Sprintf("msg=%q component=api pid=7", want)); n != 1 {
			t.Errorf("%q is logged %d times:\n%s", want, n, logged.String())
		}
	}
}

// TestReporterOnManySlowComponents names a few of those that a stop waits for, and
// counts the others.
func TestReporterOnManySlowComponents(t *testing.T) {
	var printed strings.Builder
	r := newReporter(reporterOptions{
		Print: func(text string) { fmt.Fprintln(&printed, text) }, Lang: message.English, Log: slog.New(slog.DiscardHandler),
	})
	waiting := func(n int) (all []supervisor.Waiting) {
		for i := range n {
			all = append(all, supervisor.Waiting{
				Component: fmt.Sprintf("c%d", i), Members: []supervisor.Member{{PID: 7, Command: "sleep"}}, For: time.Second, Left: 9 * time.Second,
			})
		}
		return append(all, supervisor.Waiting{Component: "gone", Left: 9 * time.Second})
	}
	for n, want := range map[int]int{1: 1, maxWaiting: maxWaiting, 100: maxWaiting + 1} {
		printed.Reset()
		r.waiting(waiting(n))
		if lines := strings.Count(printed.String(), "\n"); lines != want || strings.Contains(printed.String(), "gone") {
			t.Errorf("%d components: %s", n, printed.String())
		}
	}
	printed.Reset()
	r.waiting(waiting(100))
	if !strings.HasSuffix(printed.String(), "waiting for 95 more\n") {
		t.Errorf("printed %s", printed.String())
	}
}
