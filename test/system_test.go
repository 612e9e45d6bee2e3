package test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
)

// system is a running taskctl.
type system struct {
	t         testing.TB
	dir       string
	env       []string
	flags     []string
	cmd       *exec.Cmd
	API       string // http://localhost:PORT
	WebSocket string
	token     string
}

// status is the part of `taskctl status --json` that the tests look at.
type status struct {
	State      string `json:"state"`
	API        string `json:"api"`
	WebSocket  string `json:"websocket"`
	Components []struct {
		Name     string `json:"name"`
		State    string `json:"state"`
		PID      int    `json:"pid"`
		Address  string `json:"address"`
		Restarts int    `json:"restarts"`
	} `json:"components"`
}

// start runs taskctl in a directory of its own until the test ends. Settings are
// environment variables: "TASKCTL_AUTH_TOKEN=secret".
func start(t testing.TB, settings ...string) *system {
	t.Helper()
	s := prepare(t, settings...)
	s.run()
	return s
}

// startWith runs taskctl start with flags.
func startWith(t testing.TB, flags ...string) *system {
	t.Helper()
	s := prepare(t)
	s.flags = flags
	s.run()
	return s
}

func prepare(t testing.TB, settings ...string) *system {
	t.Helper()
	s := &system{t: t, dir: t.TempDir()}
	for _, entry := range os.Environ() {
		if !strings.HasPrefix(entry, "TASKCTL_") && !strings.HasPrefix(entry, "LC_") && !strings.HasPrefix(entry, "LANG=") {
			s.env = append(s.env, entry)
		}
	}
	s.env = append(s.env, "TASKCTL_API_ADDR=localhost:0", "TASKCTL_WSSERVER_ADDR=localhost:0")
	s.env = append(s.env, settings...)
	for _, setting := range settings {
		if token, ok := strings.CutPrefix(setting, "TASKCTL_AUTH_TOKEN="); ok {
			s.token = token
		}
	}
	t.Cleanup(s.stop)
	return s
}

// run starts the system and waits until all of it is ready.
func (s *system) run() {
	s.t.Helper()
	var screen lockedBuffer
	s.cmd = s.command(append([]string{"start", "--no-test-task"}, s.flags...)...)
	s.cmd.Stdout, s.cmd.Stderr = &screen, &screen
	if err := s.cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	eventually(s.t, "all ready", func() bool {
		if strings.Contains(screen.String(), "Ctrl+C") {
			return true
		}
		if exited := syscall.Kill(s.cmd.Process.Pid, 0); exited != nil {
			s.t.Fatalf("taskctl start ended:\n%s", &screen)
		}
		return false
	})
	now := s.status()
	s.API, s.WebSocket = now.API, now.WebSocket
}

// again starts a stopped system where it was, at the addresses that it had.
func (s *system) again() {
	s.t.Helper()
	s.env = append(s.env,
		"TASKCTL_API_ADDR="+strings.TrimPrefix(s.API, "http://"),
		"TASKCTL_WSSERVER_ADDR="+strings.TrimSuffix(strings.TrimPrefix(s.WebSocket, "ws://"), "/"))
	s.run()
}

// restart replaces every component while it runs.
func (s *system) restart() {
	if out, err := s.command("restart").CombinedOutput(); err != nil {
		s.t.Errorf("taskctl restart: %v\n%s", err, out)
	}
}

// listensAt is the address of a component.
func (s *system) listensAt(component string) string {
	s.t.Helper()
	for _, c := range s.status().Components {
		if c.Name == component {
			return c.Address
		}
	}
	s.t.Fatalf("there is no component %s", component)
	return ""
}

// stop takes the system down as Ctrl+C does, and checks that nothing is left.
func (s *system) stop() {
	if s.cmd == nil || s.cmd.Process == nil {
		return
	}
	_ = s.cmd.Process.Signal(os.Interrupt) // it may have ended: Wait tells
	if err := s.cmd.Wait(); err != nil {
		s.t.Errorf("taskctl start: %v", err)
	}
	s.cmd = nil
}

func (s *system) command(args ...string) *exec.Cmd {
	cmd := exec.Command(binary, args...)
	cmd.Env, cmd.Dir = s.env, s.dir
	return cmd
}

func (s *system) status() status {
	s.t.Helper()
	out, err := s.command("status", "--json").Output()
	var now status
	if jsonErr := json.Unmarshal(out, &now); jsonErr != nil {
		s.t.Fatalf("taskctl status --json: %v, %v\n%s", err, jsonErr, out)
	}
	return now
}

// pid is the process of a component.
func (s *system) pid(component string) int {
	s.t.Helper()
	for _, c := range s.status().Components {
		if c.Name == component {
			return c.PID
		}
	}
	s.t.Fatalf("there is no component %s", component)
	return 0
}

// kill ends a component as a crash does.
func (s *system) kill(component string) {
	s.t.Helper()
	if err := syscall.Kill(s.pid(component), syscall.SIGKILL); err != nil {
		s.t.Fatal(err)
	}
}

// task is a task as the API has it.
type task struct {
	ID          string `json:"id,omitempty"`
	Title       string `json:"title"`
	Description string `json:"description"`
	Completed   bool   `json:"completed"`
}

// request sends a request as another program would, and decodes the answer.
func (s *system) request(method, path string, body, answer any) {
	s.t.Helper()
	if err := s.try(method, path, body, answer); err != nil {
		s.t.Fatal(err)
	}
}

func (s *system) try(method, path string, body, answer any) error {
	var sent io.Reader
	if body != nil {
		encoded, err := json.Marshal(body)
		if err != nil {
			return err
		}
		sent = bytes.NewReader(encoded)
	}
	req, err := http.NewRequest(method, s.API+path, sent)
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	if s.token != "" {
		req.Header.Set("Authorization", "Bearer "+s.token)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	got, err := io.ReadAll(res.Body)
	if err != nil {
		return err
	}
	if res.StatusCode/100 != 2 {
		return fmt.Errorf("%s %s: %s: %s", method, path, res.Status, got)
	}
	if answer == nil {
		return nil
	}
	return json.Unmarshal(got, answer)
}

// add makes a task.
func (s *system) add(title string) task {
	s.t.Helper()
	var made task
	s.request(http.MethodPost, "/tasks", task{Title: title}, &made)
	return made
}

// addMany makes tasks as fast as several clients can.
func (s *system) addMany(count int, title func(i int) string) {
	s.t.Helper()
	const clients = 32
	var wg sync.WaitGroup
	failed := make(chan error, clients)
	for c := range clients {
		wg.Go(func() {
			for i := c; i < count; i += clients {
				if err := s.try(http.MethodPost, "/tasks", task{Title: title(i)}, nil); err != nil {
					failed <- err
					return
				}
			}
		})
	}
	wg.Wait()
	close(failed)
	for err := range failed {
		s.t.Fatal(err)
	}
}

// tasks are all that there are, newest first, up to a thousand.
func (s *system) tasks() []task {
	s.t.Helper()
	var page struct {
		Tasks []task `json:"tasks"`
	}
	s.request(http.MethodGet, "/tasks?limit=1000", nil, &page)
	return page.Tasks
}

// lockedBuffer collects what a process prints.
type lockedBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

// removeDatabase begins a new history.
func (s *system) removeDatabase() {
	s.t.Helper()
	databases, err := filepath.Glob(filepath.Join(s.dir, "data", "taskctl.db*"))
	if err != nil || len(databases) == 0 {
		s.t.Fatalf("the database: %q, %v", databases, err)
	}
	for _, name := range databases {
		if err := os.Remove(name); err != nil {
			s.t.Fatal(err)
		}
	}
}
