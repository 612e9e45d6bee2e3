package e2e

import (
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"

	"taskctl/cmd/taskctl/e2etest"
	"taskctl/pkg/wait/waittest"
)

const hookSecret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

// nodeScript prepares one of the documented scripts with the modules of this machine;
// nil if there are none.
func nodeScript(t *testing.T, name, module string) *exec.Cmd {
	t.Helper()
	modules := os.Getenv("TASKCTL_TEST_NODE_MODULES")
	if _, err := os.Stat(filepath.Join(modules, module)); modules == "" || err != nil || exec.Command("node", "--version").Run() != nil {
		return nil
	}
	// Node looks for a module beside the file that imports it.
	dir := e2etest.Dir(t)
	source, err := os.ReadFile(filepath.Join("../../../docs/clients", name))
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, name), source, 0o600)
	}
	if err == nil {
		err = os.Symlink(modules, filepath.Join(dir, "node_modules"))
	}
	if err != nil {
		t.Fatal(err)
	}
	return exec.Command("node", filepath.Join(dir, name))
}

// The documented receiver verifies signatures with the reference library of Standard
// Webhooks: it accepts every event of a hook with its secret, and refuses those of a
// hook with another one.
func TestDocumentedReceiver(t *testing.T) {
	cmd := nodeScript(t, "receiver.mjs", "standardwebhooks")
	if cmd == nil {
		t.Skip("no Node.js with standardwebhooks here")
	}
	p := &process{cmd: cmd, out: &output{}, exited: make(chan struct{})}
	cmd.Env = append(os.Environ(), "WEBHOOK_SECRET="+hookSecret, "PORT=0")
	cmd.Stdout, cmd.Stderr = p.out, p.out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	p.reap(t, func() {})
	listening := regexp.MustCompile(`listening on port (\d+)`)
	waittest.For(t, "the receiver", func() bool { return listening.MatchString(p.out.String()) })
	port := listening.FindStringSubmatch(p.out.String())[1]
	dir := e2etest.Dir(t)
	if err := os.MkdirAll(filepath.Join(dir, "configs"), 0o700); err != nil {
		t.Fatal(err)
	}
	settings := fmt.Sprintf(`hooks:
  - {name: good, url: "http://localhost:%[1]s/", secret: %[2]s, allow_private: [localhost]}
  - {name: other, url: "http://localhost:%[1]s/", secret: whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA, allow_private: [localhost], max_attempts: 1}
`, port, hookSecret)
	if err := os.WriteFile(filepath.Join(dir, "configs", "taskctl.yaml"), []byte(settings), 0o600); err != nil {
		t.Fatal(err)
	}
	startedIn(t, dir)
	waittest.For(t, "both hooks to be connected", func() bool {
		list, _, _ := run(t, dir, "hooks", "list")
		return strings.Count(list, "ready") == 2
	})
	api := statusOf(t, dir).API
	create(t, api, "Comprar leche ☕")
	create(t, api, strings.Repeat("日本", 90))
	p.out.await(t, "task_created Comprar leche ☕")
	p.out.await(t, strings.Repeat("日本", 90))
	dead := filepath.Join(dir, "data", "hooks", "other.dead.jsonl")
	waittest.For(t, "the dead letters of the other hook", func() bool {
		data, _ := os.ReadFile(dead)
		return strings.Count(string(data), "the receiver answered 401 Unauthorized") >= 2
	})
	if strings.Contains(logOf(t, dir, "hooks"), "whsec_") {
		t.Error("a secret is in the log")
	}
	shown, _, _ := run(t, dir, "config", "show")
	if strings.Contains(shown, "whsec_") {
		t.Error("config show prints a secret")
	}
}

// TestHooksReplay delivers dead letters again, by the command that is for it, while the
// system runs.
func TestHooksReplay(t *testing.T) {
	var refuse atomic.Bool
	var delivered atomic.Int64
	receiver := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if refuse.Load() {
			w.WriteHeader(http.StatusGone)
			return
		}
		delivered.Add(1)
	}))
	defer receiver.Close()
	dir := e2etest.Dir(t)
	writeSettings(t, dir, fmt.Sprintf("start: {test_task: false}\nhooks:\n  - {name: shop, url: %q, secret: %s, allow_private: [\"127.0.0.1\"]}\n", receiver.URL, hookSecret))
	startedIn(t, dir)
	waittest.For(t, "the hook to be connected", func() bool {
		list, _, _ := run(t, dir, "hooks", "list")
		return strings.Contains(list, "ready")
	})
	refuse.Store(true)
	for i := range 3 {
		create(t, statusOf(t, dir).API, fmt.Sprint("refused ", i))
	}
	dead := filepath.Join(dir, "data", "hooks", "shop.dead.jsonl")
	waittest.For(t, "three dead letters", func() bool {
		data, _ := os.ReadFile(dead)
		return strings.Count(string(data), "\n") == 3
	})
	if out, errs, code := run(t, dir, "hooks", "replay", "shop"); code != 1 || !strings.Contains(errs, "410") {
		t.Errorf("while it fails, the replay exits %d: %s%s", code, out, errs)
	}
	refuse.Store(false)
	out, errs, code := run(t, dir, "hooks", "replay", "shop", "--json")
	if code != 0 || delivered.Load() != 3 {
		t.Errorf("the replay exits %d after %d deliveries: %s%s", code, delivered.Load(), out, errs)
	}
	want(t, out, `"delivered": ?3`)
	if _, err := os.Stat(dead); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the file of dead letters is still there: %v", err)
	}
	if _, _, code := run(t, dir, "hooks", "replay", "unknown"); code != 2 {
		t.Errorf("for an unknown hook the replay exits %d", code)
	}
}

// TestHooksReload starts, changes and ends the hooks of a running system by a reload of
// its settings.
func TestHooksReload(t *testing.T) {
	dir := e2etest.Dir(t)
	const none = "start: {test_task: false}\n"
	hook := func(file string) string {
		return none + fmt.Sprintf("hooks:\n  - {name: archive, command: [sh, -c, 'cat >>%s']}\n", file)
	}
	writeSettings(t, dir, none)
	startedIn(t, dir)
	api := statusOf(t, dir).API
	reload := func(settings, says string) {
		t.Helper()
		writeSettings(t, dir, settings)
		out, errs, code := run(t, dir, "reload")
		if code != 0 {
			t.Errorf("the reload exits %d: %s", code, errs)
		}
		want(t, out, says)
	}
	delivers := func(file string) {
		t.Helper()
		waittest.For(t, "the hook to be connected", func() bool {
			list, _, _ := run(t, dir, "hooks", "list")
			return strings.Contains(list, "ready")
		})
		create(t, api, "for "+file)
		waittest.For(t, "the event in "+file, func() bool {
			data, _ := os.ReadFile(filepath.Join(dir, file))
			return strings.Contains(string(data), "for "+file)
		})
	}

	reload(hook("first"), "hooks started")
	delivers("first")
	reload(hook("second"), "hooks restarted")
	delivers("second")
	want(t, read(t, api+"/metrics"), `taskctl_hook_lag_events\{hook="archive"\}`)
	reload(hook("second"), "nothing has changed")
	reload(none, "hooks stopped")
	if metrics := read(t, api+"/metrics"); strings.Contains(metrics, "taskctl_hook_") {
		t.Error("the metrics still show the hook")
	}
}
