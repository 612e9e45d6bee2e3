package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/gorilla/websocket"

	"taskctl/cmd/taskctl/e2etest"
)

// documented are the example clients of docs/notifications.md. A client whose runtime
// is missing on the machine is skipped; CI installs all of them.
func documented(t *testing.T) map[string]func(position string) *exec.Cmd {
	root, err := filepath.Abs("../../../docs/clients")
	if err != nil {
		t.Fatal(err)
	}
	return map[string]func(string) *exec.Cmd{
		"go": func(position string) *exec.Cmd {
			built := filepath.Join(t.TempDir(), "watch")
			if out, err := exec.Command("go", "build", "-o", built, filepath.Join(root, "watch", "main.go")).CombinedOutput(); err != nil {
				t.Fatalf("%v: %s", err, out)
			}
			return exec.Command(built, position)
		},
		"python": func(position string) *exec.Cmd {
			for _, python := range []string{"python3", "/usr/bin/python3"} {
				if exec.Command(python, "-c", "import websockets").Run() == nil {
					return exec.Command(python, filepath.Join(root, "watch.py"), position)
				}
			}
			return nil
		},
		"javascript with ws": func(position string) *exec.Cmd {
			cmd := nodeScript(t, "watch.mjs", "ws")
			if cmd != nil {
				cmd.Args = append(cmd.Args, position)
			}
			return cmd
		},
		"javascript with Node's own WebSocket": func(position string) *exec.Cmd {
			for _, options := range [][]string{nil, {"--experimental-websocket"}} { // before version 22
				there := append(slices.Clone(options), "-e", "process.exit(globalThis.WebSocket ? 0 : 1)")
				if exec.Command("node", there...).Run() == nil {
					return exec.Command("node", append(slices.Clone(options), filepath.Join(root, "watch.mjs"), position)...)
				}
			}
			return nil
		},
	}
}

// TestDocumentedClients runs each example through a crash of the notification
// server: every event is printed once, in order.
func TestDocumentedClients(t *testing.T) {
	for name, command := range documented(t) {
		t.Run(name, func(t *testing.T) {
			cmd := command("0")
			if cmd == nil {
				t.Skipf("no %s with a WebSocket library here", name)
			}
			dir, _ := started(t)
			s := statusOf(t, dir)
			p := &process{cmd: cmd, out: &output{}, exited: make(chan struct{})}
			cmd.Env = append(os.Environ(), "TASKCTL_WEBSOCKET_URL="+s.WebSocket, "NODE_NO_WARNINGS=1")
			cmd.Stdout, cmd.Stderr = p.out, os.Stderr
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			p.reap(t, func() {})
			p.out.await(t, "WebSocket test")
			create(t, s.API, "before the crash")
			p.out.await(t, "before the crash")
			if err := syscall.Kill(s.pid("wsserver"), syscall.SIGKILL); err != nil {
				t.Fatal(err)
			}
			for i := range 20 {
				create(t, s.API, fmt.Sprintf("task %d.", i))
			}
			p.out.await(t, "task 19.")
			var numbers []string
			for _, m := range regexp.MustCompile(`(?m)^(\d+) task_created `).FindAllStringSubmatch(p.out.String(), -1) {
				numbers = append(numbers, m[1])
			}
			if len(numbers) != 22 {
				t.Errorf("%d events, want 22, each once: %v", len(numbers), numbers)
			}
			for i, n := range numbers {
				if n != fmt.Sprint(i+1) {
					t.Errorf("event %s at place %d", n, i+1)
				}
			}
			p.signal(t, syscall.SIGKILL)
		})
	}
}

// TestDocumentedClientsFailClearly runs each example with an invalid position and
// without a token, and then with valid values.
func TestDocumentedClientsFailClearly(t *testing.T) {
	dir := e2etest.Dir(t)
	if err := os.MkdirAll(filepath.Join(dir, "configs"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "configs", "taskctl.yaml"), []byte("auth: {token: \"s3cret-123\"}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	startedIn(t, dir)
	url := "TASKCTL_WEBSOCKET_URL=" + statusOf(t, dir).WebSocket
	for name, command := range documented(t) {
		t.Run(name, func(t *testing.T) {
			if command("0") == nil {
				t.Skipf("no %s here", name)
			}
			start := func(position string, env ...string) *process {
				p := &process{cmd: command(position), out: &output{}, exited: make(chan struct{})}
				p.cmd.Env = append(append(e2etest.Environ(), "NODE_NO_WARNINGS=1", url), env...)
				p.cmd.Stdout, p.cmd.Stderr = p.out, p.out
				if err := p.cmd.Start(); err != nil {
					t.Fatal(err)
				}
				p.reap(t, func() {})
				return p
			}
			for what, test := range map[string]struct {
				position string
				env      []string
				want     string
			}{
				"no token":       {"0", nil, "token is"},
				"a wrong token":  {"0", []string{"TASKCTL_AUTH_TOKEN=wrong"}, "token is"},
				"a bad position": {"yesterday", []string{"TASKCTL_AUTH_TOKEN=s3cret-123"}, "position"},
			} {
				p := start(test.position, test.env...)
				if code := p.exit(t); code != 1 || !strings.Contains(p.out.String(), test.want) || strings.Count(p.out.String(), "\n") > 2 {
					t.Errorf("%s: exit code %d:\n%s", what, code, p.out)
				}
			}
			p := start("0", "TASKCTL_AUTH_TOKEN=s3cret-123")
			p.out.await(t, "WebSocket test")
			p.signal(t, syscall.SIGKILL)
		})
	}
}

// TestAsyncAPIDescribesTheMessages compares /asyncapi.json with real messages.
func TestAsyncAPIDescribesTheMessages(t *testing.T) {
	dir, _ := started(t)
	s := statusOf(t, dir)
	res, err := http.Get(s.API + "/asyncapi.json")
	if err != nil {
		t.Fatal(err)
	}
	var doc struct {
		Components struct {
			Messages map[string]struct {
				Payload struct {
					Required   []string
					Properties map[string]any
				}
			}
		}
	}
	if err := json.Unmarshal([]byte(readAll(t, res)), &doc); err != nil {
		t.Fatal(err)
	}
	conn, _, err := websocket.DefaultDialer.Dial(s.WebSocket+"?types=task_created&since=0", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	ahead, _, err := websocket.DefaultDialer.Dial(s.WebSocket+"?since=1000000", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer ahead.Close()
	seen := map[string]bool{}
	for _, c := range []*websocket.Conn{conn, conn, ahead, ahead} {
		var message map[string]any
		if err := c.ReadJSON(&message); err != nil {
			t.Fatal(err)
		}
		kind := fmt.Sprint(message["type"])
		if strings.HasPrefix(kind, "task_") {
			kind = "event"
		}
		seen[kind] = true
		payload := doc.Components.Messages[kind].Payload
		for _, member := range payload.Required {
			if _, there := message[member]; !there {
				t.Errorf("%v lacks %s, which the document requires", message, member)
			}
		}
		for member := range message {
			if _, known := payload.Properties[member]; !known {
				t.Errorf("%v has %s, which the document does not know", message, member)
			}
		}
	}
	for _, kind := range []string{"connected", "event", "reset"} {
		if !seen[kind] {
			t.Errorf("no %s came", kind)
		}
	}
}
