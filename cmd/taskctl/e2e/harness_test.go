// Package e2e tries the built binary as a user would: on a terminal, with
// signals, crashes and busy ports.
package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/creack/pty"

	"taskctl/cmd/taskctl/e2etest"

	"taskctl/pkg/wait/waittest"
)

// binary is the taskctl under test: the shipped one, built once.
var binary string

func TestMain(m *testing.M) { e2etest.Main(m, &binary) }

// output collects what a process prints, and can be waited on.
type output struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.String()
}

func (o *output) await(t testing.TB, text string) {
	t.Helper()
	deadline := time.Now().Add(waittest.Timeout)
	waittest.For(t, fmt.Sprintf("%q in the output", text), func() bool {
		if time.Now().After(deadline.Add(-time.Second)) {
			t.Fatalf("no %q in the output:\n%s", text, o)
		}
		return strings.Contains(o.String(), text)
	})
}

// process is a running taskctl.
type process struct {
	cmd    *exec.Cmd
	out    *output
	tty    *os.File // nil without a terminal
	exited chan struct{}
	code   int
}

// onTerminal starts taskctl on a terminal of its own.
func onTerminal(t testing.TB, dir string, args ...string) *process {
	t.Helper()
	p := &process{cmd: exec.Command(binary, args...), out: &output{}, exited: make(chan struct{})}
	p.cmd.Dir, p.cmd.Env = dir, e2etest.Environ()
	tty, err := pty.StartWithSize(p.cmd, &pty.Winsize{Rows: 40, Cols: 120})
	if err != nil {
		t.Fatal(err)
	}
	p.tty = tty
	copied := make(chan struct{})
	go func() { defer close(copied); _, _ = io.Copy(p.out, tty) }()
	p.reap(t, func() { <-copied })
	return p
}

// piped starts taskctl without a terminal.
func piped(t testing.TB, dir string, env []string, args ...string) *process {
	t.Helper()
	p := &process{cmd: exec.Command(binary, args...), out: &output{}, exited: make(chan struct{})}
	p.cmd.Dir, p.cmd.Env = dir, append(e2etest.Environ(), env...)
	p.cmd.Stdout, p.cmd.Stderr = p.out, p.out
	p.cmd.WaitDelay = waittest.Timeout
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	p.reap(t, func() {})
	return p
}

func (p *process) reap(t testing.TB, drained func()) {
	go func() {
		err := p.cmd.Wait()
		p.code = p.cmd.ProcessState.ExitCode()
		if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
			p.code = -1
		}
		drained()
		close(p.exited)
	}()
	t.Cleanup(func() {
		select {
		case <-p.exited:
		default:
			_ = p.cmd.Process.Kill()
			<-p.exited
		}
		if p.tty != nil {
			_ = p.tty.Close()
		}
		if t.Failed() {
			t.Logf("%s printed:\n%s", strings.Join(p.cmd.Args[1:], " "), p.out)
		}
	})
}

// exit waits until the process ends and returns its exit code.
func (p *process) exit(t testing.TB) int {
	t.Helper()
	select {
	case <-p.exited:
		return p.code
	case <-time.After(waittest.Timeout):
		t.Fatalf("it did not end within %v; it printed:\n%s", waittest.Timeout, p.out)
		return 0
	}
}

func (p *process) signal(t testing.TB, s syscall.Signal) {
	t.Helper()
	if err := p.cmd.Process.Signal(s); err != nil {
		t.Fatal(err)
	}
}

// ctrlC presses it on the terminal.
func (p *process) ctrlC(t testing.TB) {
	t.Helper()
	if _, err := p.tty.Write([]byte{3}); err != nil {
		t.Fatal(err)
	}
}

// run runs a taskctl command to its end.
func run(t testing.TB, dir string, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), waittest.Timeout)
	defer cancel()
	cmd := exec.CommandContext(ctx, binary, args...)
	cmd.Dir, cmd.Env = dir, e2etest.Environ()
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		if exit := (*exec.ExitError)(nil); !errors.As(err, &exit) {
			t.Fatalf("%v: %v", args, err)
		}
	}
	return out.String(), errs.String(), cmd.ProcessState.ExitCode()
}

// status is what `taskctl status --json` prints.
type status struct {
	State      string
	Mode       string
	PID        int
	Clients    int
	Seq        uint64
	API        string
	WebSocket  string `json:"websocket"`
	Components []struct {
		Name       string
		State      string
		PID        int
		Address    string
		Generation uint64
		Restarts   int
		LastExit   string `json:"last_exit"`
	}
}

func statusOf(t testing.TB, dir string) status {
	t.Helper()
	out, errs, _ := run(t, dir, "status", "--json")
	var s status
	if err := json.Unmarshal([]byte(out), &s); err != nil {
		t.Fatalf("status --json printed %q, %q: %v", out, errs, err)
	}
	return s
}

func (s status) pid(name string) int {
	for _, c := range s.Components {
		if c.Name == name {
			return c.PID
		}
	}
	return 0
}

// started starts taskctl in a directory of its own and waits until all is ready.
func started(t testing.TB, args ...string) (dir string, p *process) {
	t.Helper()
	dir = e2etest.Dir(t)
	return dir, startedIn(t, dir, args...)
}

func startedIn(t testing.TB, dir string, args ...string) *process {
	t.Helper()
	p := onTerminal(t, dir, append([]string{"start"}, args...)...)
	awaitReady(t, p)
	return p
}

func awaitReady(t testing.TB, p *process) {
	t.Helper()
	waittest.For(t, "Ctrl+C on the screen", func() bool {
		select {
		case <-p.exited:
			t.Fatalf("start ended with exit code %d:\n%s", p.code, p.out)
		default:
		}
		return strings.Contains(p.out.String(), "Ctrl+C")
	})
}

// create creates a task over HTTP and returns the position of the answer.
func create(t testing.TB, api, title string) string {
	t.Helper()
	body, _ := json.Marshal(map[string]string{"title": title})
	res, err := http.Post(api+"/tasks", "application/json", bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusCreated {
		text, _ := io.ReadAll(res.Body)
		t.Fatalf("POST /tasks: %s %s", res.Status, text)
	}
	return res.Header.Get("Taskctl-Position")
}

func logOf(t testing.TB, dir, name string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(dir, "logs", name+".log"))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	return string(data)
}

// want checks that a text matches a pattern.
func want(t testing.TB, text, pattern string) {
	t.Helper()
	if !regexp.MustCompile(pattern).MatchString(text) {
		t.Errorf("no %q in:\n%s", pattern, text)
	}
}

// writeSettings gives a directory a settings file.
func writeSettings(t testing.TB, dir, text string) {
	t.Helper()
	path := filepath.Join(dir, "configs", "taskctl.yaml")
	if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, []byte(text), 0o600)); err != nil {
		t.Fatal(err)
	}
}
