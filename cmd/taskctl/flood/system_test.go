//go:build linux

package flood

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"taskctl/cmd/taskctl/e2etest"
	"taskctl/pkg/wait/waittest"
)

// options are what a flood needs of the system.
type options struct {
	tls        bool
	token      bool
	largeTasks int // tasks with long descriptions that exist before
}

const token = "the-token-of-the-good-clients-0123456789"

// system is a running taskctl.
type system struct {
	dir      string
	env      []string
	api, ws  string // host:port, by IPv4
	tls      *tls.Config
	header   http.Header // of the good clients
	names    []string    // of the components
	pids     []int
	launcher *exec.Cmd
}

// status is what `taskctl status --json` prints.
type status struct {
	State      string
	Components []struct {
		Name     string
		PID      int
		Address  string
		Restarts int
		LastExit string `json:"last_exit"`
	}
}

// startSystem starts a system that may open at most that number of files.
func startSystem(t *testing.T, limit int, o options) *system {
	t.Helper()
	var hard syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &hard); err != nil {
		t.Fatal(err)
	}
	if hard.Max < uint64(limit) {
		t.Skipf("%d files may be open here, and the test needs %d", hard.Max, limit)
	}
	s := &system{dir: e2etest.Dir(t), env: e2etest.Environ(), header: make(http.Header)}
	if o.tls {
		s.certify(t)
	}
	if o.token {
		s.env = append(s.env, "TASKCTL_AUTH_TOKEN="+token)
		s.header.Set("Authorization", "Bearer "+token)
	}
	var out bytes.Buffer
	// The shell sets both limits, which the Go runtime would raise again.
	s.launcher = exec.Command("sh", "-c", fmt.Sprintf(`ulimit -n %d && exec "$0" start --no-test-task`, limit), binary)
	s.launcher.Dir, s.launcher.Env, s.launcher.Stdout, s.launcher.Stderr = s.dir, s.env, &out, &out
	if err := s.launcher.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = s.launcher.Process.Signal(syscall.SIGTERM)
		if err := s.launcher.Wait(); err != nil {
			t.Errorf("the launcher ended with %v:\n%s", err, &out)
		}
	})
	var now status
	waittest.For(t, "the system to be ready", func() bool { now = s.status(t); return now.State == "ready" })
	for _, c := range now.Components {
		s.names, s.pids = append(s.names, c.Name), append(s.pids, c.PID)
		address := strings.Replace(c.Address, "localhost", "127.0.0.1", 1)
		switch c.Name {
		case "api":
			s.api = address
		case "wsserver":
			s.ws = address
		}
	}
	s.seed(t, o.largeTasks)
	return s
}

// certify makes the system use TLS.
func (s *system) certify(t *testing.T) {
	t.Helper()
	writeCertificate(t, s.dir)
	s.env = append(s.env, "TASKCTL_TLS_CERT=cert.pem", "TASKCTL_TLS_KEY=key.pem")
	s.tls = &tls.Config{InsecureSkipVerify: true} // the identity of the server does not matter here
}

func (s *system) status(t *testing.T) (now status) {
	t.Helper()
	cmd := exec.Command(binary, "status", "--json", "--dir", s.dir)
	cmd.Env = s.env
	out, _ := cmd.Output() // the exit code says the same as the state
	if err := json.Unmarshal(out, &now); err != nil {
		t.Fatalf("status --json printed %q: %v", out, err)
	}
	return now
}

// check checks that every component is the process that it was, and ready.
func (s *system) check(t *testing.T) {
	t.Helper()
	now := s.status(t)
	if now.State != "ready" {
		t.Errorf("the system is %s", now.State)
	}
	for i, c := range now.Components {
		if c.PID != s.pids[i] || c.Restarts > 0 {
			t.Errorf("%s was restarted %d times; it had ended with %q", c.Name, c.Restarts, c.LastExit)
		}
	}
}

func (s *system) url(addr string) string {
	if s.tls != nil {
		return "https://" + addr
	}
	return "http://" + addr
}

// client returns an HTTP client of its own connections.
func (s *system) client(t *testing.T, connections int) *http.Client {
	transport := &http.Transport{MaxIdleConnsPerHost: connections, MaxConnsPerHost: connections, DisableKeepAlives: connections == 0, TLSClientConfig: s.tls}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport, Timeout: newcomerTimeout}
}

// seed makes tasks of 10,000 characters.
func (s *system) seed(t *testing.T, n int) {
	t.Helper()
	client := s.client(t, 1)
	body := []byte(`{"title":"large","description":"` + strings.Repeat("large ", 1666) + `"}`)
	for range n {
		if code, _, err := s.post(t.Context(), client, body); code != http.StatusCreated {
			t.Fatalf("create a large task: %d, %v", code, err)
		}
	}
}

// post creates a task, and returns its seq.
func (s *system) post(ctx context.Context, client *http.Client, body []byte) (code int, seq uint64, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.url(s.api)+"/tasks", bytes.NewReader(body))
	if err != nil {
		return 0, 0, err
	}
	req.Header = s.header.Clone()
	req.Header.Set("Content-Type", "application/json")
	code, header, err := do(client, req)
	if code == http.StatusCreated {
		_, text, _ := strings.Cut(header.Get("Taskctl-Position"), ":")
		seq, err = strconv.ParseUint(text, 10, 64)
	}
	return code, seq, err
}

// memory returns the resident memory of each component, in bytes.
func (s *system) memory(t *testing.T) []uint64 {
	rss := make([]uint64, len(s.pids))
	for i, pid := range s.pids {
		data, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "statm"))
		fields := strings.Fields(string(data))
		if err != nil || len(fields) < 2 {
			t.Errorf("the memory of %s: %v", s.names[i], err)
			continue
		}
		pages, _ := strconv.ParseUint(fields[1], 10, 64) // 0, where it is not a number
		rss[i] = pages * uint64(os.Getpagesize())
	}
	return rss
}

// awaitMemory waits until the memory after a flood is at most a tenth and 10 MB above
// that before, or the time is over.
func (s *system) awaitMemory(t *testing.T, before []uint64) []uint64 {
	deadline := time.Now().Add(*settle)
	for {
		now := s.memory(t)
		back := true
		for i := range now {
			back = back && now[i] <= before[i]+before[i]/10+10<<20
		}
		if back || !time.Now().Before(deadline) {
			return now
		}
		select {
		case <-time.After(memoryInterval):
		case <-t.Context().Done():
			return now
		}
	}
}

// memoryRow is the memory of api and wsserver before, during and after a flood, as
// cells of a table.
func (s *system) memoryRow(before, during, after []uint64) string {
	var cells []string
	for i, name := range s.names {
		if name == "api" || name == "wsserver" {
			cells = append(cells, fmt.Sprintf("%s %d → %d → %d MB", name, before[i]>>20, during[i]>>20, after[i]>>20))
		}
	}
	return strings.Join(cells, " | ")
}
