//go:build linux

package chaos

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
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
	"taskctl/launcher/control"
)

// dialer connects the test's own clients.
var dialer = net.Dialer{Timeout: 5 * time.Second}

const (
	apiPort = "8001"
	wsPort  = "8765"
)

// cluster is a system on several hosts.
type cluster struct {
	root      string
	token     string
	network   *network
	database  *server
	broker    *server
	forget    func(t *testing.T) // makes the broker forget its subscribers
	apis      []*node
	wsservers []*node
}

// node is a launcher on a host of its own.
type node struct {
	*server
	dir string
}

func openCluster(t *testing.T, root, kind string, seed uint64) *cluster {
	t.Helper()
	c := &cluster{root: root, token: rand.Text(), network: newNetwork(seed)}
	c.network.add(t, "clients", false)
	database, brokerHost := c.network.add(t, "database", true), c.network.add(t, "broker", true)
	hosts := make([]*host, 4)
	for i, name := range []string{"api1", "api2", "wsserver1", "wsserver2"} {
		hosts[i] = c.network.add(t, name, true)
	}
	c.network.run(t)
	c.database = newDatabase(t, database, root)
	c.database.start(t)
	settings := fmt.Sprintf("store: postgres\npostgres: {url: \"postgres://postgres@%s/postgres\"}\nauth: {token: %s}\n"+
		"logs: {max_size: 256KiB}\nbroker: %s\n", database.addr("5432"), c.token, kind)
	if b := brokerOf(t, kind); b.name == "postgres" {
		c.broker, c.forget = c.database, c.endSessions
	} else {
		c.broker = b.open(t, brokerHost, root)
		c.forget = func(t *testing.T) { b.forget(t, c.broker) }
		c.broker.start(t)
		settings += fmt.Sprintf("%s: {url: %q}\n", kind, b.url(brokerHost))
	}
	for _, h := range hosts[:2] {
		c.apis = append(c.apis, c.start(t, h, settings+fmt.Sprintf("api: {addr: %q}\nstart: {only: [api], timeout: 3m}\n", h.addr(apiPort))))
	}
	for _, h := range hosts[2:] {
		c.wsservers = append(c.wsservers, c.start(t, h, settings+fmt.Sprintf(
			"wsserver: {addr: %q, ring_bytes: 128KiB}\nstart: {only: [wsserver, consumer], timeout: 3m}\n", h.addr(wsPort))))
	}
	deadline := time.Now().Add(hostsExtra / 2)
	for _, n := range append(c.apis, c.wsservers...) {
		for c.status(t, n).State != control.Ready {
			if time.Now().After(deadline) {
				t.Fatalf("%s is not ready", n.host.name)
			}
			pause(t.Context(), reconnectDelay)
		}
	}
	return c
}

// start starts a launcher on a host.
func (c *cluster) start(t *testing.T, h *host, settings string) *node {
	t.Helper()
	dir := filepath.Join(c.root, h.name)
	if err := os.MkdirAll(filepath.Join(dir, "configs"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "configs", "taskctl.yaml"), []byte(settings), 0o600); err != nil {
		t.Fatal(err)
	}
	n := &node{server: &server{name: h.name, host: h, dir: c.root}, dir: dir}
	n.command = func() *exec.Cmd {
		cmd := exec.Command(binary, "start", "--no-test-task", "--output=false")
		cmd.Dir, cmd.Env = dir, clean()
		cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
		return cmd
	}
	n.start(t)
	return n
}

// clean is the environment of the launchers, whose addresses are in their settings.
func clean() (env []string) {
	for _, entry := range e2etest.Environ() {
		if !strings.HasPrefix(entry, "TASKCTL_") {
			env = append(env, entry)
		}
	}
	return env
}

// taskctl runs a command on a node to its end.
func (c *cluster) taskctl(n *node, args ...string) ([]byte, error) {
	cmd := exec.Command(binary, append(args, "--dir", n.dir)...)
	cmd.Dir, cmd.Env = c.root, clean()
	return cmd.Output()
}

// status asks a launcher; it is empty if none runs.
func (c *cluster) status(t *testing.T, n *node) (s control.Status) {
	t.Helper()
	select {
	case <-n.ended:
		t.Fatalf("the launcher of %s ended by itself, %v: see %s.out", n.host.name, n.result, filepath.Join(c.root, n.name))
	default:
	}
	out, _ := c.taskctl(n, "status", "--json") // the exit code repeats the state
	if err := json.Unmarshal(out, &s); err != nil {
		t.Logf("status of %s: %v: %s", n.host.name, err, out)
	}
	return s
}

// generations returns the process of each component.
func (c *cluster) generations(t *testing.T) (all []string) {
	t.Helper()
	for _, n := range append(c.apis, c.wsservers...) {
		for _, component := range c.status(t, n).Components {
			all = append(all, fmt.Sprintf("%s on %s: process %d, restarts %d", component.Name, n.host.name, component.PID, component.Restarts))
		}
	}
	return all
}

// stop stops every node, and checks that no process is left.
func (c *cluster) stop(t *testing.T) {
	t.Helper()
	for _, n := range append(c.wsservers, c.apis...) {
		if out, err := c.taskctl(n, "stop"); err != nil {
			t.Errorf("stop %s: %v\n%s", n.host.name, err, out)
			continue
		}
		<-n.ended
		if n.result != nil {
			t.Errorf("the launcher of %s ended with %v", n.host.name, n.result)
		}
		for _, p := range components(n.dir) {
			t.Errorf("process %d is left on %s", p.Pid, n.host.name)
		}
	}
}

func (c *cluster) apiURLs() (urls []string) {
	for _, n := range c.apis {
		urls = append(urls, "http://"+n.host.addr(apiPort))
	}
	return urls
}

func (c *cluster) wsURLs() (urls []string) {
	for _, n := range c.wsservers {
		urls = append(urls, "ws://"+n.host.addr(wsPort)+"/ws")
	}
	return urls
}

// http is a client that sends the token.
func (c *cluster) http(t *testing.T, timeout time.Duration) *http.Client {
	plain := newHTTP(t, timeout)
	transport := plain.Transport.(*http.Transport)
	transport.DialContext, transport.ResponseHeaderTimeout = dialer.DialContext, 5*time.Second
	return &http.Client{Timeout: timeout, Transport: bearer{transport, c.token}}
}

// bearer adds a token to every request.
type bearer struct {
	next  http.RoundTripper
	token string
}

func (b bearer) RoundTrip(req *http.Request) (*http.Response, error) {
	req = req.Clone(req.Context())
	req.Header.Set("Authorization", "Bearer "+b.token)
	return b.next.RoundTrip(req)
}
