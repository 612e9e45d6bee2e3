package e2e

import (
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"taskctl/cmd/taskctl/e2etest"

	"taskctl/pkg/wait/waittest"
)

func readAll(t testing.TB, res *http.Response) string {
	t.Helper()
	defer res.Body.Close()
	data, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func TestNothingOutlivesAKilledLauncher(t *testing.T) {
	dir, p := started(t, "--no-test-task")
	s := statusOf(t, dir)
	began := time.Now()
	p.signal(t, syscall.SIGKILL)
	p.exit(t)
	e2etest.AwaitGone(t, s.pid("wsserver"), s.pid("api"), s.pid("consumer"))
	if took := time.Since(began); took > 3*time.Second {
		t.Errorf("the components lived on for %v", took)
	}
	startedIn(t, dir)
}

// TestTheConsumersLogIsWhole kills a launcher before it has read lines of the consumer
// that are covered by the consumer's checkpoint.
func TestTheConsumersLogIsWhole(t *testing.T) {
	dir, p := started(t, "--no-test-task")
	api := statusOf(t, dir).API
	create(t, api, "before")
	waittest.For(t, "the line before", func() bool { return strings.Contains(logOf(t, dir, "consumer"), "before") })
	p.signal(t, syscall.SIGSTOP)
	for _, title := range []string{"one", "two", "three"} {
		create(t, api, title)
	}
	waittest.For(t, "the consumer's checkpoint", func() bool {
		checkpoint, err := os.ReadFile(filepath.Join(dir, "data/consumer.checkpoint"))
		return err == nil && strings.Contains(string(checkpoint), `:4"`)
	})
	p.signal(t, syscall.SIGKILL)
	p.exit(t)
	p = startedIn(t, dir, "--no-test-task")
	create(t, statusOf(t, dir).API, "after")
	waittest.For(t, "the line after", func() bool { return strings.Contains(logOf(t, dir, "consumer"), "after") })
	log := logOf(t, dir, "consumer")
	for seq := 1; seq <= 5; seq++ {
		if n := strings.Count(log, fmt.Sprintf(" #%d ", seq)); n != 1 {
			t.Errorf("event %d stands there %d times:\n%s", seq, n, log)
		}
	}

	p.ctrlC(t)
	p.exit(t)
	p = startedIn(t, dir, "--no-test-task")
	p.ctrlC(t)
	p.exit(t)
	if again := strings.TrimPrefix(logOf(t, dir, "consumer"), log); strings.Contains(again, " #") {
		t.Errorf("after an orderly stop events are repeated:\n%s", again)
	}
}

// TestKilledWhileStarting kills the launcher at random moments of its start: the next
// start must always work without manual help.
func TestKilledWhileStarting(t *testing.T) {
	dir := e2etest.Dir(t)
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	kills := 5
	if testing.Short() {
		kills = 2
	}
	for range kills {
		p := onTerminal(t, dir, "start")
		<-time.After(time.Duration(random.IntN(300)) * time.Millisecond) // the moment is the test's subject
		p.signal(t, syscall.SIGKILL)
		p.exit(t)
	}
	startedIn(t, dir)
}

// A waiting start reports how the launcher that it waits for has ended.
func TestDetachedStartOfAKilledLauncher(t *testing.T) {
	dir := e2etest.Dir(t)
	writeConfig(t, dir, `components:
  - {name: never, command: [sleep, "600"], ready: {log: up}}
`)
	p := piped(t, dir, nil, "start", "--detach")
	var at status
	waittest.For(t, "the user's component", func() bool {
		out, _, _ := run(t, dir, "status", "--json")
		at = status{}
		return json.Unmarshal([]byte(out), &at) == nil && at.pid("never") != 0
	})
	if err := syscall.Kill(at.PID, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	p.out.await(t, fmt.Sprintf("pid %d was ended as it started", at.PID))
	if code := p.exit(t); code != 1 {
		t.Errorf("it exits %d", code)
	}
}

func TestALostControlSocket(t *testing.T) {
	dir, p := started(t, "--no-test-task")
	if err := os.Remove(filepath.Join(dir, "data/control.sock")); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"status"}, {"restart", "api"}, {"why", "api"}, {"logs", "clean", "--yes"}} {
		if _, errs, code := run(t, dir, args...); code != 8 || !strings.Contains(errs, "control.sock is missing") {
			t.Errorf("%v: exit code %d, %q", args, code, errs)
		}
	}
	if _, errs, code := run(t, dir, "stop"); code != 0 {
		t.Errorf("stop: exit code %d, %q", code, errs)
	}
	if code := p.exit(t); code != 0 {
		t.Errorf("start: exit code %d", code)
	}
}

// When data/ is removed the system stops, instead of writing to deleted files.
func TestRemovedData(t *testing.T) {
	dir, p := started(t, "--no-test-task")
	if err := os.RemoveAll(filepath.Join(dir, "data")); err != nil {
		t.Fatal(err)
	}
	if code := p.exit(t); code != 1 {
		t.Errorf("it exits %d, want 1", code)
	}
	want(t, p.out.String(), "launcher.lock was removed while the system was running")
	want(t, p.out.String(), "nothing left running")
	startedIn(t, dir, "--no-test-task")
}

func TestAKilledComponentComesBack(t *testing.T) {
	dir, _ := started(t)
	for _, name := range []string{"api", "wsserver", "consumer"} {
		t.Run(name, func(t *testing.T) {
			before := statusOf(t, dir)
			if err := syscall.Kill(before.pid(name), syscall.SIGKILL); err != nil {
				t.Fatal(err)
			}
			var after status
			waittest.For(t, name+" to be ready again", func() bool {
				after = statusOf(t, dir)
				return after.State == "ready" && after.pid(name) != before.pid(name)
			})
			title := "after the death of " + name
			create(t, after.API, title)
			waittest.For(t, "a notification after the death", func() bool { return strings.Contains(logOf(t, dir, "consumer"), title) })
		})
	}
}

// A component that is stopped by a signal must still receive the request to retire.
func TestRestartOfASuspendedComponent(t *testing.T) {
	dir, _ := started(t)
	old := statusOf(t, dir).pid("api")
	if err := syscall.Kill(old, syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	if out, errs, code := run(t, dir, "restart", "api"); code != 0 {
		t.Fatalf("restart exits %d: %s%s", code, out, errs)
	}
	var exit string
	waittest.For(t, "the end of the old one", func() bool {
		for _, c := range statusOf(t, dir).Components {
			if c.Name == "api" {
				exit = c.LastExit
			}
		}
		return exit != ""
	})
	if exit != "exit 0" {
		t.Errorf("the old one ended with %q", exit)
	}
}

func TestSecondCtrlCKills(t *testing.T) {
	dir := e2etest.Dir(t)
	writeConfig(t, dir, `
components:
  - name: stubborn
    command: [sh, -c, "trap '' TERM; echo up; while :; do sleep 1; done"]
    ready: {log: up}
`)
	p := startedIn(t, dir, "--no-test-task")
	waittest.For(t, "the stubborn component", func() bool { return strings.Contains(logOf(t, dir, "stubborn"), "up") })
	s := statusOf(t, dir)
	p.ctrlC(t)
	waittest.For(t, "the wait for it", func() bool { return strings.Contains(p.out.String(), "waiting for stubborn") })
	p.ctrlC(t)
	if code := p.exit(t); code != 3 || !strings.Contains(p.out.String(), "had to be killed: stubborn") {
		t.Errorf("exit code %d, want 3 and who was killed", code)
	}
	e2etest.AwaitGone(t, s.pid("stubborn"))
}

func TestAComponentThatCannotStart(t *testing.T) {
	dir := e2etest.Dir(t)
	garbage := strings.Repeat("no database ", 1000)
	if err := os.MkdirAll(filepath.Join(dir, "data"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "data/taskctl.db"), []byte(garbage), 0o600); err != nil {
		t.Fatal(err)
	}
	_, errs, code := run(t, dir, "start")
	if code != 1 || !strings.Contains(errs, "wsserver did not become ready") || !strings.Contains(errs, "last lines") {
		t.Errorf("exit code %d, %q; want 1, the component and its last lines", code, errs)
	}
}

func TestCrashLoopOfTheUsersOwn(t *testing.T) {
	dir := e2etest.Dir(t)
	writeConfig(t, dir, `
restart: {backoff_min: 1ms, backoff_max: 2ms}
components:
  - name: crasher
    command: [sh, -c, "echo last words; printf 'without a newline'; exit 9"]
`)
	p := startedIn(t, dir, "--no-test-task")
	p.out.await(t, "crasher has FAILED")
	out, _, code := run(t, dir, "status")
	if code != 8 {
		t.Errorf("status exits %d, want 8", code)
	}
	want(t, out, `crasher has FAILED .* deaths 5/5 in 60 s, last cause: exit 9; .*taskctl restart crasher`)
	out, _, _ = run(t, dir, "status", "--lang", "es")
	want(t, out, `crasher ha FALLADO .* muertes 5/5 en 60 s, última causa: código 9; .*taskctl restart crasher`)
	if s := statusOf(t, dir); s.State != "failed" {
		t.Errorf("state %s, want failed", s.State)
	}
	if log := logOf(t, dir, "crasher"); !strings.Contains(log, "without a newline") {
		t.Errorf("its last words are lost: %q", log)
	}
	out, _, _ = run(t, dir, "why", "crasher")
	if !strings.Contains(out, "exit 9") || !strings.Contains(out, "last words") {
		t.Errorf("why: %s", out)
	}
}

func writeConfig(t testing.TB, dir, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Join(dir, "configs"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "configs/taskctl.yaml"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestLogsWhileRunning(t *testing.T) {
	dir, _ := started(t)
	stray := filepath.Join(dir, "flask_api.log")
	if err := os.WriteFile(stray, []byte("old\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	follower := piped(t, dir, nil, "logs", "-f", "consumer")
	out, errs, code := run(t, dir, "logs", "clean", "--yes")
	if code != 0 || !strings.Contains(out, "moved    flask_api.log → logs/flask_api.log") {
		t.Errorf("logs clean exits %d: %s%s", code, out, errs)
	}
	if _, err := os.Stat(stray); err == nil {
		t.Error("the stray is still there")
	}
	api := statusOf(t, dir).API
	create(t, api, "after cleaning")
	follower.out.await(t, "after cleaning")

	if err := os.Remove(filepath.Join(dir, "logs/consumer.log")); err != nil {
		t.Fatal(err)
	}
	for i := 0; !strings.Contains(logOf(t, dir, "consumer"), "after deletion"); i++ {
		create(t, api, fmt.Sprint("after deletion ", i))
		follower.out.await(t, fmt.Sprint("after deletion ", i))
	}
	follower.signal(t, syscall.SIGINT)
	if code := follower.exit(t); code != 0 {
		t.Errorf("logs -f exits %d on Ctrl+C, want 0", code)
	}
}

func TestThreeTerminalsInAnyOrder(t *testing.T) {
	ports := freePorts(t, 2)
	env := []string{"TASKCTL_API_ADDR=localhost:" + ports[0], "TASKCTL_WSSERVER_ADDR=localhost:" + ports[1]}
	for _, order := range [][]string{{"wsserver", "api", "consumer"}, {"consumer", "api", "wsserver"}, {"api", "consumer", "wsserver"}} {
		t.Run(strings.Join(order, " "), func(t *testing.T) {
			dir := e2etest.Dir(t)
			running := map[string]*process{}
			for _, name := range order {
				running[name] = piped(t, dir, env, name)
			}
			running["consumer"].out.await(t, "Connected")
			running["api"].out.await(t, "ready")
			create(t, "http://localhost:"+ports[0], "by hand")
			running["consumer"].out.await(t, "by hand")
			if _, err := os.Stat(filepath.Join(dir, "logs")); err == nil {
				t.Error("a component by hand wrote logs/")
			}
			for _, name := range order {
				running[name].signal(t, syscall.SIGINT)
				if code := running[name].exit(t); code != 0 {
					t.Errorf("%s exits %d on Ctrl+C, want 0", name, code)
				}
			}
		})
	}
}

// freePorts returns free ports. Another process may take one meanwhile; components that
// run by hand need fixed ports.
func freePorts(t testing.TB, n int) []string {
	t.Helper()
	var ports []string
	for range n {
		l, err := net.Listen("tcp4", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		_, port, _ := strings.Cut(l.Addr().String(), ":")
		ports = append(ports, port)
	}
	return ports
}
