package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"github.com/gorilla/websocket"

	"github.com/taskctl/taskctl/cmd/taskctl/e2etest"
)

// documented are the example clients of docs/notifications.md. What a machine
// may lack is skipped there, and installed in CI.
func documented(t *testing.T) map[string]func() *exec.Cmd {
	root, err := filepath.Abs("../../../docs/clients")
	if err != nil {
		t.Fatal(err)
	}
	return map[string]func() *exec.Cmd{
		"go": func() *exec.Cmd {
			built := filepath.Join(t.TempDir(), "watch")
			if out, err := exec.Command("go", "build", "-o", built, filepath.Join(root, "watch", "main.go")).CombinedOutput(); err != nil {
				t.Fatalf("%v: %s", err, out)
			}
			return exec.Command(built, "0")
		},
		"python": func() *exec.Cmd {
			for _, python := range []string{"python3", "/usr/bin/python3"} {
				if exec.Command(python, "-c", "import websockets").Run() == nil {
					return exec.Command(python, filepath.Join(root, "watch.py"), "0")
				}
			}
			return nil
		},
		"javascript": func() *exec.Cmd {
			modules := os.Getenv("TASKCTL_TEST_NODE_MODULES") // a directory with ws in it
			if modules == "" || exec.Command("node", "--version").Run() != nil {
				return nil
			}
			// Node looks for a module beside the file that imports it.
			dir := e2etest.Dir(t)
			source, err := os.ReadFile(filepath.Join(root, "watch.mjs"))
			if err == nil {
				err = os.WriteFile(filepath.Join(dir, "watch.mjs"), source, 0o600)
			}
			if err == nil {
				err = os.Symlink(modules, filepath.Join(dir, "node_modules"))
			}
			if err != nil {
				t.Fatal(err)
			}
			return exec.Command("node", filepath.Join(dir, "watch.mjs"), "0")
		},
	}
}

// TestDocumentedClients runs each example through a crash of the notification
// server: every event is printed once, in order.
func TestDocumentedClients(t *testing.T) {
	for name, command := range documented(t) {
		t.Run(name, func(t *testing.T) {
			cmd := command()
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
			p.out.await(t, "Prueba WebSocket")
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

// TestAsyncAPIDescribesTheMessages holds /asyncapi.json to what really comes.
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
