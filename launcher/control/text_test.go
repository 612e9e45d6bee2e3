package control

import (
	"testing"
	"time"

	"taskctl/pkg/message"
	"taskctl/pkg/supervisor"
)

func TestExitText(t *testing.T) {
	for _, tt := range []struct {
		exit   supervisor.Exit
		en, es string
	}{
		{supervisor.Exit{Code: 2, Reason: supervisor.Exited}, "exit 2", "código 2"},
		{supervisor.Exit{Code: -1, Signal: "SIGKILL"}, "SIGKILL", "SIGKILL"},
		{supervisor.Exit{Code: -1, Signal: "SIGKILL", OOM: true}, "SIGKILL, because memory ran out", "SIGKILL, porque se agotó la memoria"},
		{supervisor.Exit{Code: -1}, "returned", "terminó"},
		{supervisor.Exit{Code: -1, Err: "disk on fire"}, "disk on fire", "disk on fire"},
		{
			supervisor.Exit{Code: -1, Reason: supervisor.NotStarted, Err: "no such file"},
			"could not be started: no such file", "no se pudo arrancar: no such file",
		},
		{
			supervisor.Exit{Code: -1, Signal: "SIGTERM", Reason: supervisor.NotReady, Uptime: 10*time.Second + time.Millisecond},
			"SIGTERM, because it was not ready after 10s", "SIGTERM, porque no estaba listo después de 10s",
		},
		{
			supervisor.Exit{Code: 2, Reason: supervisor.Hung},
			"exit 2, because it did not answer its health checks", "código 2, porque no respondía a las comprobaciones",
		},
		{
			supervisor.Exit{Code: -1, Signal: "SIGTERM", Killed: true},
			"SIGTERM, but its child processes had to be killed", "SIGTERM, pero hubo que matar a sus procesos hijos",
		},
		{supervisor.Exit{Code: -1, Signal: "SIGKILL", Killed: true}, "SIGKILL", "SIGKILL"},
		{
			supervisor.Exit{Code: 0, Killed: true, Left: []supervisor.Member{{PID: 7, Command: "sh"}}},
			"exit 0; still running: 7 sh", "código 0; sigue en marcha: 7 sh",
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
	if text := BudgetText(message.English, budget, &supervisor.Exit{Code: 2}, now); text != "deaths 3/5 in 60 s, next try in 0.9 s, last cause: exit 2" {
		t.Errorf("budget %q", text)
	}
	if text := BudgetText(message.Spanish, budget, &supervisor.Exit{Code: 2}, now.Add(time.Minute)); text != "muertes 3/5 en 60 s, próximo intento en 0,0 s, última causa: código 2" {
		t.Errorf("budget %q", text)
	}
	if text := BudgetText(message.English, supervisor.Budget{Deaths: 7, Window: time.Minute}, nil, now); text != "deaths 7 in 60 s" {
		t.Errorf("a budget without an end: %q", text)
	}
}
