package launcher

import (
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/taskctl/taskctl/pkg/message"
	"github.com/taskctl/taskctl/pkg/screen"
	"github.com/taskctl/taskctl/pkg/supervisor"
)

func TestExitText(t *testing.T) {
	for _, tt := range []struct {
		exit   supervisor.Exit
		en, es string
	}{
		{supervisor.Exit{Code: 2, Reason: supervisor.Exited}, "exit 2", "código 2"},
		{supervisor.Exit{Code: -1, Signal: "SIGKILL"}, "SIGKILL", "SIGKILL"},
		{supervisor.Exit{Code: -1, Signal: "SIGKILL", OOM: true}, "SIGKILL, as memory ran out", "SIGKILL, al agotarse la memoria"},
		{supervisor.Exit{Code: -1}, "returned", "terminó"},
		{supervisor.Exit{Code: -1, Err: "disk on fire"}, "disk on fire", "disk on fire"},
		{
			supervisor.Exit{Code: -1, Reason: supervisor.NotStarted, Err: "no such file"},
			"could not be started: no such file", "no se pudo arrancar: no such file",
		},
		{
			supervisor.Exit{Code: -1, Signal: "SIGTERM", Reason: supervisor.NotReady, Uptime: 10*time.Second + time.Millisecond},
			"SIGTERM, because it was not ready after 10s", "SIGTERM, porque no estaba listo tras 10s",
		},
		{
			supervisor.Exit{Code: 2, Reason: supervisor.Hung},
			"exit 2, because it did not answer its health checks", "código 2, porque no respondía a las comprobaciones",
		},
		{
			supervisor.Exit{Code: -1, Signal: "SIGTERM", Killed: true},
			"SIGTERM, but what it had started was killed", "SIGTERM, pero hubo que matar lo que había arrancado",
		},
		{supervisor.Exit{Code: -1, Signal: "SIGKILL", Killed: true}, "SIGKILL", "SIGKILL"},
		{
			supervisor.Exit{Code: 0, Killed: true, Left: []supervisor.Member{{PID: 7, Command: "sh"}}},
			"exit 0; still there: 7 sh", "código 0; sigue ahí: 7 sh",
		},
	} {
		if en := ExitText(message.English, tt.exit); en != tt.en {
			t.Errorf("%+v: %q, want %q", tt.exit, en, tt.en)
		}
		if es := ExitText(message.Spanish, tt.exit); es != tt.es {
			t.Errorf("%+v: %q, want %q", tt.exit, es, tt.es)
		}
	}
}

func TestBudgetText(t *testing.T) {
	now := time.Now()
	budget := supervisor.Budget{Deaths: 3, Max: 5, Window: time.Minute, NextTry: now.Add(900 * time.Millisecond)}
	if text := BudgetText(message.English, budget, &supervisor.Exit{Code: 2}, now); text != "restarts 3/5 in 60 s, next try in 0.9 s, last cause: exit 2" {
		t.Errorf("budget %q", text)
	}
	if text := BudgetText(message.Spanish, budget, &supervisor.Exit{Code: 2}, now.Add(time.Minute)); text != "reinicios 3/5 en 60 s, próximo intento en 0.0 s, última causa: código 2" {
		t.Errorf("budget %q", text)
	}
	if text := BudgetText(message.English, supervisor.Budget{Deaths: 7, Window: time.Minute}, nil, now); text != "restarts 7 in 60 s" {
		t.Errorf("a budget without an end: %q", text)
	}
}

// TestReporterTellsSilenceApart follows what the terminal says of a component
// that is stopped by a signal, goes on, hangs, and comes back.
func TestReporterTellsSilenceApart(t *testing.T) {
	var said, logged strings.Builder
	r := newReporter(func(text string) { fmt.Fprintln(&said, text) }, screen.Palette{}, message.English, slog.New(slog.NewTextHandler(&logged, nil)))
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
		{suspended, "api is stopped by a signal, so it does not answer, and is not restarted for that; `kill -CONT 7` lets it go on\n"},
		{api(supervisor.StateReady, 7, 1), "api goes on and answers again\n"},
		{api(supervisor.StateUnhealthy, 7, 1), "api does not answer; it writes down its goroutines (taskctl logs api) and is restarted\n"},
		{restarted, "api died (exit 2, because it did not answer its health checks); restarting it\n"},
		{back, "api is ready again (pid 8)\n"},
	} {
		said.Reset()
		r.changed(step.status)
		if said.String() != step.want {
			t.Errorf("%s: said %q, want %q", step.status.State, said.String(), step.want)
		}
	}
	// A detached launcher has no terminal to say it on.
	for _, want := range []string{"component is stopped by a signal", "component goes on", "component does not answer"} {
		if n := strings.Count(logged.String(), fmt.Sprintf("msg=%q component=api pid=7", want)); n != 1 {
			t.Errorf("%q is logged %d times:\n%s", want, n, logged.String())
		}
	}
}
