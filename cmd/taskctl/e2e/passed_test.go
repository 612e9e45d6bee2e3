package e2e

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/taskctl/taskctl/cmd/taskctl/e2etest"
)

// TestSocketsThatAreAlreadyThere starts taskctl as systemd does for a unit with
// a socket: descriptor 3 listens already, and goes on doing so afterwards.
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
	// LISTEN_PID has to be known before the program it is meant for is there.
	cmd := exec.Command("sh", "-c", `LISTEN_PID=$$ LISTEN_FDS=1 LISTEN_FDNAMES=api exec "$0" start`, binary)
	p := &process{cmd: cmd, out: &output{}, exited: make(chan struct{})}
	cmd.Dir, cmd.Env, cmd.ExtraFiles = dir, append(e2etest.Environ(), "TASKCTL_API_ADDR=localhost:"+port), []*os.File{socket}
	cmd.Stdout, cmd.Stderr = p.out, p.out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	p.reap(t, func() {})
	awaitReady(t, p)
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

// A detached launcher would not have them, and meet its own parent at the port.
func TestDetachedStartWithPassedSockets(t *testing.T) {
	_, socket := socketToPass(t)
	cmd := exec.Command("sh", "-c", `LISTEN_PID=$$ LISTEN_FDS=1 exec "$0" start --detach`, binary)
	cmd.Dir, cmd.Env, cmd.ExtraFiles = e2etest.Dir(t), e2etest.Environ(), []*os.File{socket}
	out, _ := cmd.CombinedOutput()
	if code := cmd.ProcessState.ExitCode(); code != 2 || !strings.Contains(string(out), "LISTEN_FDS") {
		t.Errorf("it exits %d: %s", code, out)
	}
}
