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

	"taskctl/cmd/taskctl/e2etest"
)

// quietTimeout bounds every wait after the last harm. A reader that is far behind takes
// the longest.
const quietTimeout = time.Minute

// system is the taskctl under test, and the connections to it that can be cut.
type system struct {
	root, dir     string // dir is the system's own, below root
	env           []string
	apiURL        string // direct
	api, wsserver *proxy
	launcher      *respawner
	http          *http.Client // for direct requests
}

// openSystem starts a system with its directory in root, and waits until it is ready.
// prepare is called before the start.
func openSystem(t testing.TB, root string, prepare func(*system)) *system {
	t.Helper()
	s := &system{root: root, dir: filepath.Join(root, "system"), http: newHTTP(t, quietTimeout)}
	if err := os.Mkdir(s.dir, 0o700); err != nil {
		t.Fatal(err)
	}
	ports := stablePorts(t, 2)
	s.apiURL = "http://localhost:" + ports[0]
	s.env = append(e2etest.Environ(),
		"TASKCTL_API_ADDR=localhost:"+ports[0],
		"TASKCTL_WSSERVER_ADDR=localhost:"+ports[1],
		"TASKCTL_WSSERVER_RING_BYTES=128KiB", // so that the slow are fed from the log
		"TASKCTL_LOGS_MAX_SIZE=256KiB",       // so that the consumer's log is rotated
		"TASKCTL_RESTART_MAX=0",              // it is killed very often
		"TASKCTL_RESTART_BACKOFF_MAX=500ms",
	)
	t.Cleanup(func() { // after the respawners have ended their processes
		for _, p := range components(s.dir) {
			_ = p.Kill()
			e2etest.AwaitGone(t, p.Pid)
		}
	})
	prepare(s)
	s.launcher = (&respawner{name: "launcher", mayFail: startFailed, command: func() *exec.Cmd {
		cmd := exec.Command(binary, "start", "--no-test-task")
		cmd.Dir, cmd.Env = s.dir, s.env
		return cmd
	}}).start(t, filepath.Join(root, "launcher.out"))
	s.api = openProxy(t, "localhost:"+ports[0])
	s.wsserver = openProxy(t, "localhost:"+ports[1])
	s.awaitReady(t)
	return s
}

// startFailed reports the only allowed reason for a launcher to end by itself: a
// component was killed before all were ready, so the start failed.
func startFailed(printed string, exit error) bool {
	var failed *exec.ExitError
	return errors.As(exit, &failed) && failed.ExitCode() == 1 && !strings.Contains(printed, "all ready") &&
		strings.Contains(printed, "did not become ready: SIGKILL")
}

// steadyPorts returns free ports from below those that the kernel gives to
// outgoing connections: they must still be free when a killed launcher is
// started again.
func stablePorts(t testing.TB, n int) []string {
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
	for deadline := time.Now().Add(quietTimeout); time.Now().Before(deadline); {
		select {
		case <-s.launcher.ended:
			t.Fatalf("the launcher ended by itself, %v: see launcher.out", s.launcher.exit)
		default:
		}
		if last = s.taskctl(t.Context(), "status"); last == nil {
			return
		}
	}
	t.Fatalf("not ready after %v: %v", quietTimeout, last)
}

// truth reads the whole log and all tasks from an api, after the last write.
func truth(t testing.TB, c *http.Client, api string) (*history, listing) {
	t.Helper()
	h := new(history)
	for {
		var page struct {
			Events []json.RawMessage `json:"events"`
			Epoch  string            `json:"epoch"`
		}
		read(t, c, api+fmt.Sprintf("/events?limit=1000&since=%d", h.head()), &page)
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
		read(t, c, api+"/tasks?limit=100"+cursor, &page)
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

func read(t testing.TB, c *http.Client, url string, into any) {
	t.Helper()
	res, err := get(t.Context(), c, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != http.StatusOK {
		t.Fatalf("GET %s: %s, %v: %.500s", url, res.Status, err, body)
	}
	if err := json.Unmarshal(body, into); err != nil {
		t.Fatalf("GET %s: %v: %.500s", url, err, body)
	}
}

// stop stops the system, and checks that no process is left.
func (s *system) stop(t testing.TB) {
	t.Helper()
	s.launcher.end(func(*os.Process) {})
	ctx, cancel := context.WithTimeout(t.Context(), quietTimeout)
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

// interrupt asks a process to end, and returns its exit.
func interrupt(t testing.TB, k *respawner) error {
	t.Helper()
	k.end(func(p *os.Process) { _ = p.Signal(syscall.SIGTERM) })
	select {
	case <-k.ended:
		return k.exit
	case <-time.After(quietTimeout):
		t.Fatalf("%s does not end", k.name)
		return nil
	}
}
