//go:build linux

package chaos

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/taskctl/taskctl/cmd/taskctl/e2etest"
)

// settling bounds how long anything may take once nobody harms the system any
// more: a reader that is far behind has most to do.
const settling = time.Minute

// system is the taskctl that is harmed, and the ways to it that can be cut.
type system struct {
	root, dir     string // dir is the system's own, below root
	env           []string
	apiURL        string // direct
	api, wsserver *proxy
	launcher      *keeper
	http          *http.Client // for direct requests
}

// openSystem starts a system with its directory in root, and waits until it is ready.
func openSystem(t testing.TB, root string) *system {
	t.Helper()
	s := &system{root: root, dir: filepath.Join(root, "system"), http: newHTTP(t, settling)}
	if err := os.Mkdir(s.dir, 0o700); err != nil {
		t.Fatal(err)
	}
	ports := steadyPorts(t, 2)
	s.apiURL = "http://localhost:" + ports[0]
	s.env = append(e2etest.Environ(),
		"TASKCTL_API_ADDR=localhost:"+ports[0],
		"TASKCTL_WSSERVER_ADDR=localhost:"+ports[1],
		"TASKCTL_WSSERVER_RING_BYTES=128KiB", // so that the slow are fed from the log
		"TASKCTL_LOGS_MAX_SIZE=256KiB",       // so that the consumer's log is rotated
		"TASKCTL_RESTART_MAX=0",              // it is killed more often than anybody would put up with
		"TASKCTL_RESTART_BACKOFF_MAX=500ms",
	)
	t.Cleanup(func() { // after the keepers have ended what they keep
		for _, p := range components(s.dir) {
			_ = p.Kill()
			e2etest.AwaitGone(t, p.Pid)
		}
	})
	s.launcher = (&keeper{name: "launcher", excused: startFailed, command: func() *exec.Cmd {
		cmd := exec.Command(binary, "start", "--no-test-task")
		cmd.Dir, cmd.Env = s.dir, s.env
		return cmd
	}}).keep(t, filepath.Join(root, "launcher.out"))
	s.api = openProxy(t, "localhost:"+ports[0])
	s.wsserver = openProxy(t, "localhost:"+ports[1])
	s.awaitReady(t)
	return s
}

// startFailed tells the one way in which a launcher may end by itself: a component
// was killed before all had been ready, which makes a start fail.
func startFailed(printed string, exit error) bool {
	var failed *exec.ExitError
	return errors.As(exit, &failed) && failed.ExitCode() == 1 && !strings.Contains(printed, "all ready") &&
		strings.Contains(printed, "did not become ready: SIGKILL")
}

// steadyPorts returns free ports from below those that the kernel gives to
// outgoing connections: they must still be free when a killed launcher is
// started again.
func steadyPorts(t testing.TB, n int) []string {
	t.Helper()
	var ports []string
	for range 1000 {
		port := fmt.Sprint(20_000 + rand.IntN(12_000))
		l, err := net.Listen("tcp", ":"+port)
		if err != nil {
			continue
		}
		defer l.Close()
		if ports = append(ports, port); len(ports) == n {
			return ports
		}
	}
	t.Fatal("no free ports")
	return nil
}

func newHTTP(t testing.TB, timeout time.Duration) *http.Client {
	transport := &http.Transport{MaxIdleConnsPerHost: 1}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport, Timeout: timeout}
}

// create makes a file of the run, which is closed when the test ends.
func (s *system) create(t testing.TB, name string) *os.File {
	t.Helper()
	file, err := os.Create(filepath.Join(s.root, name))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = file.Close() })
	return file
}

// taskctl runs a command on the system to its end.
func (s *system) taskctl(ctx context.Context, args ...string) error {
	cmd := exec.CommandContext(ctx, binary, append(args, "--dir", s.dir)...)
	cmd.Dir, cmd.Env = s.root, s.env
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("taskctl %s: %w: %s", args[0], err, out)
	}
	return nil
}

func (s *system) awaitReady(t testing.TB) {
	t.Helper()
	var last error
	for deadline := time.Now().Add(settling); time.Now().Before(deadline); {
		select {
		case <-s.launcher.ended:
			t.Fatalf("the launcher ended by itself, %v: see launcher.out", s.launcher.exit)
		default:
		}
		if last = s.taskctl(t.Context(), "status"); last == nil {
			return
		}
	}
	t.Fatalf("not ready after %v: %v", settling, last)
}

// truth reads the whole log and all tasks, when nobody writes any more.
func (s *system) truth(t testing.TB) (*history, listing) {
	t.Helper()
	h := new(history)
	for {
		var page struct {
			Events []json.RawMessage `json:"events"`
			Epoch  string            `json:"epoch"`
		}
		s.read(t, fmt.Sprintf("/events?limit=1000&since=%d", h.head()), &page)
		h.epoch = page.Epoch
		if len(page.Events) == 0 {
			break
		}
		for _, raw := range page.Events {
			if err := h.add(raw); err != nil {
				t.Fatal(err)
			}
		}
	}
	var all listing
	for cursor := ""; ; {
		var page listPage
		s.read(t, "/tasks?limit=100"+cursor, &page)
		if page.Seq != h.head() {
			t.Fatalf("GET /tasks stands at %d and the log ends at %d, and nobody writes", page.Seq, h.head())
		}
		all.tasks, all.seq = append(all.tasks, page.Tasks...), page.Seq
		if page.Next == "" {
			return h, all
		}
		cursor = "&cursor=" + page.Next
	}
}

// listPage is an answer of GET /tasks.
type listPage struct {
	Tasks []json.RawMessage `json:"tasks"`
	Next  string            `json:"next_cursor"`
	Seq   uint64            `json:"seq"`
}

func (s *system) read(t testing.TB, path string, into any) {
	t.Helper()
	res, err := get(t.Context(), s.http, s.apiURL+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != http.StatusOK {
		t.Fatalf("GET %s: %s, %v: %.500s", path, res.Status, err, body)
	}
	if err := json.Unmarshal(body, into); err != nil {
		t.Fatalf("GET %s: %v: %.500s", path, err, body)
	}
}

// stop takes the system down in an orderly way and sees that nothing is left.
func (s *system) stop(t testing.TB) {
	t.Helper()
	s.launcher.end(func(*os.Process) {})
	ctx, cancel := context.WithTimeout(t.Context(), settling)
	defer cancel()
	if err := s.taskctl(ctx, "stop"); err != nil {
		t.Error(err)
	}
	select {
	case <-s.launcher.ended:
	case <-ctx.Done():
		t.Fatal("the launcher does not end")
	}
	if s.launcher.exit != nil {
		t.Errorf("the launcher ended with %v", s.launcher.exit)
	}
	for _, p := range components(s.dir) {
		t.Errorf("process %d is left", p.Pid)
	}
}

// interrupt asks a kept process to end, and returns how it did.
func interrupt(t testing.TB, k *keeper) error {
	t.Helper()
	k.end(func(p *os.Process) { _ = p.Signal(syscall.SIGTERM) })
	select {
	case <-k.ended:
		return k.exit
	case <-time.After(settling):
		t.Fatalf("%s does not end", k.name)
		return nil
	}
}
