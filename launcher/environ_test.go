package launcher_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"taskctl/launcher"
	"taskctl/launcher/control"
	"taskctl/pkg/config"
)

// printed is a component that writes its environment to a file and stays.
func printed(cfg *config.Config, name string, env map[string]string) {
	cfg.Components = append(cfg.Components, config.Component{
		Name: name, Env: env, Command: []string{"sh", "-c", "env > " + name + ".env; echo done; exec sleep 1000"}, Ready: config.Ready{Log: "done"},
	})
}

func environOf(t *testing.T, cfg *config.Config, name string) []string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(cfg.Dir, name+".env"))
	if err != nil {
		t.Fatal(err)
	}
	return strings.Split(string(data), "\n")
}

// The environment of a user's component has the addresses of the running system, with
// the chosen ports, and not the token of the API.
func TestEnvironmentOfUsersComponents(t *testing.T) {
	cfg := settings(t)
	cfg.Auth.Token = "secret-of-this-test"
	cfg.WebSocketURL = "wss://tasks.example/ws" // for clients elsewhere
	printed(cfg, "plain", nil)
	printed(cfg, "asks", map[string]string{"TASKCTL_AUTH_TOKEN": cfg.Auth.Token, "PYTHONUNBUFFERED": ""})
	r := start(t, cfg, noTestTask, func(o *launcher.Options) {
		o.Environ = append(o.Environ, "TASKCTL_AUTH_TOKEN="+cfg.Auth.Token, "TASKCTL_API_ADDR=localhost:0")
	})
	r.awaitReady()
	s := r.status()
	wsserver := r.waitForState(config.WSServer, "ready").Address
	for _, name := range []string{"plain", "asks"} {
		env := environOf(t, cfg, name)
		for _, want := range []string{
			"TASKCTL_DIR=" + cfg.Dir, "TASKCTL_API_URL=" + s.API, "TASKCTL_WEBSOCKET_URL=ws://" + wsserver + "/",
		} {
			if !slices.Contains(env, want) {
				t.Errorf("%s does not find %s among %q", name, want, env)
			}
		}
		asked := name == "asks"
		if got := strings.Contains(strings.Join(env, "\n"), cfg.Auth.Token); got != asked {
			t.Errorf("%s has the token: %t", name, got)
		}
		if got := slices.Contains(env, "PYTHONUNBUFFERED=1"); got == asked {
			t.Errorf("%s has PYTHONUNBUFFERED=1: %t", name, got)
		}
	}
}

// The output of a Python program reaches its log line by line.
func TestPythonOutputIsNotBuffered(t *testing.T) {
	if _, err := exec.LookPath("python3"); err != nil {
		t.Skip(err)
	}
	cfg := settings(t)
	cfg.Components = []config.Component{{
		Name: "python", Command: []string{"python3", "-c", "import time; print('listening'); time.sleep(1000)"},
		Ready: config.Ready{Log: "listening"},
	}}
	r := start(t, cfg, inProcess, noTestTask, func(o *launcher.Options) {
		o.Environ = slices.DeleteFunc(o.Environ, func(entry string) bool { return strings.HasPrefix(entry, "PYTHONUNBUFFERED=") })
	})
	r.awaitReady()
	r.waitForState("python", "ready")
}

// A proxy that is down keeps no system from starting: the launcher's own consumer
// and the test task use the local listeners.
func TestPublicWebSocketURLIsNotUsed(t *testing.T) {
	for mode, options := range map[string][]func(*launcher.Options){
		control.ModeInProcess: {inProcess},
		control.ModeProcesses: nil,
	} {
		t.Run(mode, func(t *testing.T) {
			cfg := settings(t)
			cfg.WebSocketURL = "wss://127.0.0.1:1/ws" // nobody listens on port 1
			r := start(t, cfg, options...)
			r.awaitReady()
			if s := r.status(); s.WebSocket != cfg.WebSocketURL || s.RoundTrip == nil {
				t.Errorf("status %+v", s)
			}
		})
	}
}
