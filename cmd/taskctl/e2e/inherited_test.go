package e2e

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"taskctl/cmd/taskctl/e2etest"
)

// TestSocketsThatAreAlreadyThere starts taskctl as systemd does for a unit with a
// socket: descriptor 3 listens already, and still listens afterwards.
func TestSocketsThatAreAlreadyThere(t *testing.T) {
	l, socket := socketToPass(t)
	dir := e2etest.Dir(t)
	writeConfig(t, dir, `
components:
  - name: environment
    command: [sh, -c, "env; echo all; exec sleep 1000"]
    ready: {log: all}
`)
	_, port, _ := net.SplitHostPort(l.Addr().String())
	startWithSocket(t, dir, port, socket)
	create(t, "http://"+l.Addr().String(), "over the passed socket")
	if log := logOf(t, dir, "environment"); strings.Contains(log, "LISTEN_") || !strings.Contains(log, "PATH=") {
		t.Errorf("a user's command was told of our sockets:\n%s", log)
	}
	if _, errs, code := run(t, dir, "restart", "api"); code != 0 {
		t.Errorf("restart exits %d: %s", code, errs)
	}
	create(t, fmt.Sprint("http://localhost:", port), "after a restart")
	if _, errs, code := run(t, dir, "stop"); code != 0 {
		t.Errorf("stop exits %d: %s", code, errs)
	}
	conn, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatalf("the socket was taken from who had passed it: %v", err)
	}
	conn.Close()
}

// startWithSocket starts taskctl in dir with the socket of its api at descriptor 3, and
// waits until all is ready.
func startWithSocket(t *testing.T, dir, port string, socket *os.File) *process {
	t.Helper()
	// LISTEN_PID must be known before the program is executed.
	cmd := exec.Command("sh", "-c", `LISTEN_PID=$$ LISTEN_FDS=1 LISTEN_FDNAMES=api exec "$0" start`, binary)
	p := &process{cmd: cmd, out: &output{}, exited: make(chan struct{})}
	cmd.Dir, cmd.Env, cmd.ExtraFiles = dir, append(e2etest.Environ(), "TASKCTL_API_ADDR=localhost:"+port), []*os.File{socket}
	cmd.Stdout, cmd.Stderr = p.out, p.out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	p.reap(t, func() {})
	awaitReady(t, p)
	return p
}

// A package's upgrade restarts the unit while systemd holds its sockets: under load, no
// connection is refused, and connections made meanwhile are served.
func TestNoConnectionIsRefusedDuringAnUpgrade(t *testing.T) {
	l, socket := socketToPass(t)
	dir := e2etest.Dir(t)
	_, port, _ := net.SplitHostPort(l.Addr().String())
	p := startWithSocket(t, dir, port, socket)
	load := underLoad(t, "http://"+l.Addr().String())
	var stops []death
	for range 3 {
		load.reach(t, 100)
		stop := death{killed: time.Now()}
		p.signal(t, syscall.SIGTERM)
		if code := p.exit(t); code != 0 {
			t.Errorf("the stop exits %d:\n%s", code, p.out)
		}
		stop.gone = time.Now()
		stops = append(stops, stop)
		p = startWithSocket(t, dir, port, socket)
	}
	load.reach(t, 100)
	answered, failures := load.end(t)
	if bad := lost(failures, stops); len(bad) > 0 {
		t.Errorf("%d requests failed, %d were answered", len(bad), answered)
		report(t, bad)
	}
}

// socketToPass is a listener and the descriptor of it to pass to a child.
func socketToPass(t *testing.T) (net.Listener, *os.File) {
	t.Helper()
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	socket, err := l.(*net.TCPListener).File()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { socket.Close() })
	return l, socket
}

// A detached launcher would not have the sockets, and would find its own parent at the
// port.
func TestDetachedStartWithPassedSockets(t *testing.T) {
	_, socket := socketToPass(t)
	cmd := exec.Command("sh", "-c", `LISTEN_PID=$$ LISTEN_FDS=1 exec "$0" start --detach`, binary)
	cmd.Dir, cmd.Env, cmd.ExtraFiles = e2etest.Dir(t), e2etest.Environ(), []*os.File{socket}
	out, _ := cmd.CombinedOutput()
	if code := cmd.ProcessState.ExitCode(); code != 2 || !strings.Contains(string(out), "LISTEN_FDS") {
		t.Errorf("it exits %d: %s", code, out)
	}
}
