package e2e

import (
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"taskctl/cmd/taskctl/e2etest"

	"taskctl/pkg/wait/waittest"
)

func TestStartAndCtrlC(t *testing.T) {
	for _, mode := range [][]string{nil, {"--in-process"}} {
		t.Run(fmt.Sprint("start", mode), func(t *testing.T) {
			dir, p := started(t, mode...)
			s := statusOf(t, dir)
			if s.State != "ready" || len(s.Components) != 3 || s.Clients != 1 || s.Seq == 0 {
				t.Errorf("status: %+v, want it ready, with three components, one client and an event", s)
			}
			create(t, s.API, "bread")
			waittest.For(t, "the notification in logs/consumer.log", func() bool { return strings.Contains(logOf(t, dir, "consumer"), "bread") })
			p.ctrlC(t)
			if code := p.exit(t); code != 0 || !strings.Contains(p.out.String(), "nothing left running") {
				t.Errorf("exit code %d, want 0 and a receipt", code)
			}
			for _, c := range s.Components {
				if c.PID != s.PID {
					e2etest.AwaitGone(t, c.PID)
				}
			}
			if _, err := http.Get(s.API + "/healthz"); err == nil {
				t.Error("the api still answers")
			}
			if _, _, code := run(t, dir, "status"); code != 7 {
				t.Errorf("status exits %d after the stop, want 7", code)
			}
		})
	}
}

func TestTestTasksDoNotPileUp(t *testing.T) {
	dir := e2etest.Dir(t)
	var last string
	for range 3 {
		p := startedIn(t, dir)
		out, _, _ := run(t, dir, "status", "--json")
		_, after, _ := strings.Cut(out, `"task_id": "`)
		id, _, _ := strings.Cut(after, `"`)
		if id == last || id == "" {
			t.Errorf("test task %q after %q, want a new one", id, last)
		}
		last = id
		s := statusOf(t, dir)
		res, err := http.Get(s.API + "/tasks")
		if err != nil {
			t.Fatal(err)
		}
		var body strings.Builder
		_, _ = fmt.Fprint(&body, readAll(t, res))
		if n := strings.Count(body.String(), `"id"`); n != 1 {
			t.Errorf("%d tasks, want only the new test task: %s", n, &body)
		}
		p.ctrlC(t)
		p.exit(t)
	}
}

func TestSignalsThatStop(t *testing.T) {
	for _, s := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGQUIT} {
		t.Run(s.String(), func(t *testing.T) {
			_, p := started(t, "--no-test-task")
			p.signal(t, s)
			if code := p.exit(t); code != 0 {
				t.Errorf("exit code %d, want 0", code)
			}
		})
	}
}

func TestNohupLivesOn(t *testing.T) {
	nohup, err := exec.LookPath("nohup")
	if err != nil {
		t.Skip("no nohup here")
	}
	dir := e2etest.Dir(t)
	p := &process{cmd: exec.Command(nohup, binary, "start"), out: &output{}, exited: make(chan struct{})}
	p.cmd.Dir, p.cmd.Env, p.cmd.Stdout, p.cmd.Stderr = dir, e2etest.Environ(), p.out, p.out
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	p.reap(t, func() {})
	awaitReady(t, p)
	p.signal(t, syscall.SIGHUP)
	if s := statusOf(t, dir); s.State != "ready" {
		t.Errorf("after SIGHUP it is %s, want ready", s.State)
	}
	if _, _, code := run(t, dir, "stop"); code != 0 {
		t.Errorf("stop exits %d, want 0", code)
	}
	p.exit(t)
}

func TestSecondStartNamesTheFirst(t *testing.T) {
	dir, p := started(t, "--no-test-task")
	_, errs, code := run(t, dir, "start")
	if want := fmt.Sprint(p.cmd.Process.Pid); code != 6 || !strings.Contains(errs, want) {
		t.Errorf("exit code %d, %q; want 6 and pid %s", code, errs, want)
	}
}

func TestTakenPort(t *testing.T) {
	for _, family := range []struct{ network, host string }{{"tcp4", "127.0.0.1"}, {"tcp6", "[::1]"}} {
		t.Run(family.network, func(t *testing.T) {
			l, err := net.Listen(family.network, family.host+":0")
			if err != nil {
				t.Skipf("no %s here: %v", family.host, err)
			}
			defer l.Close()
			_, port, _ := net.SplitHostPort(l.Addr().String())
			dir := e2etest.Dir(t)
			p := piped(t, dir, []string{"TASKCTL_API_ADDR=localhost:" + port}, "start")
			code := p.exit(t)
			out := p.out.String()
			if code != 5 || !strings.Contains(out, port) || !strings.Contains(out, fmt.Sprintf("pid %d", os.Getpid())) {
				t.Errorf("exit code %d, %q; want 5, port %s and our pid %d", code, out, port, os.Getpid())
			}
			if log := logOf(t, dir, "wsserver"); log != "" {
				t.Errorf("wsserver was started: %s", log)
			}
			if strings.Contains(out, "Ctrl+C") {
				t.Error("it says Ctrl+C although nothing is ready")
			}
		})
	}
}

func TestDetachStatusStop(t *testing.T) {
	dir := e2etest.Dir(t)
	out, errs, code := run(t, dir, "start", "--detach")
	if code != 0 {
		t.Fatalf("start --detach exits %d: %s%s", code, out, errs)
	}
	s := statusOf(t, dir)
	if s.State != "ready" {
		t.Errorf("right after --detach it is %s, want ready", s.State)
	}
	out, errs, code = run(t, dir, "stop")
	if code != 0 || !strings.Contains(out, "nothing left running") {
		t.Errorf("stop exits %d: %s%s", code, out, errs)
	}
	e2etest.AwaitGone(t, s.PID, s.pid("wsserver"), s.pid("api"), s.pid("consumer"))
	if _, _, code := run(t, dir, "stop"); code != 7 {
		t.Errorf("a second stop exits %d, want 7", code)
	}
}

func TestStopEndsALauncherThatDoesNotAnswer(t *testing.T) {
	dir, p := started(t, "--no-test-task")
	s := statusOf(t, dir)
	p.signal(t, syscall.SIGSTOP)
	if _, errs, code := run(t, dir, "stop"); code != 0 || !strings.Contains(errs, "does not answer") {
		t.Errorf("stop exits %d, %q; want 0 after SIGTERM", code, errs)
	}
	e2etest.AwaitGone(t, s.pid("wsserver"), s.pid("api"), s.pid("consumer"))
}

func TestRefusalsAreClear(t *testing.T) {
	write := func(path, text string) func(t *testing.T, dir string) {
		return func(t *testing.T, dir string) {
			full := filepath.Join(dir, path)
			if err := os.MkdirAll(filepath.Dir(full), 0o700); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(full, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	garbage := strings.Repeat("this is no database ", 500)
	for _, tt := range []struct {
		name    string
		prepare func(t *testing.T, dir string)
		code    int
		want    string
	}{
		{"bad setting", write("configs/taskctl.yaml", "api:\n  adr: x\n"), 2, `taskctl.yaml:2: "api.adr" is not a setting`},
		{"beyond loopback without a token", write("configs/taskctl.yaml", "websocket_url: nonsense\n"), 2, "websocket_url takes a URL"},
		{"corrupt database", write("data/taskctl.db", garbage), 1, "taskctl.db"},
		{"logs is a file", write("logs", "x"), 1, "logs"},
		{"data is a file", write("data", "x"), 1, "data"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dir := e2etest.Dir(t)
			tt.prepare(t, dir)
			_, errs, code := run(t, dir, "start")
			if code != tt.code || !strings.Contains(errs, tt.want) {
				t.Errorf("exit code %d, %q; want %d and %q", code, errs, tt.code, tt.want)
			}
			if tt.name == "corrupt database" {
				if kept, _ := os.ReadFile(filepath.Join(dir, "data/taskctl.db")); string(kept) != garbage {
					t.Error("the corrupt database was touched")
				}
			}
		})
	}
}

func TestLongPath(t *testing.T) {
	dir := filepath.Join(e2etest.Dir(t), strings.Repeat("long-directory-name/", 10))
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	p := startedIn(t, dir, "--no-test-task")
	if s := statusOf(t, dir); s.State != "ready" {
		t.Errorf("status: %s, want ready", s.State)
	}
	p.ctrlC(t)
	p.exit(t)
}
