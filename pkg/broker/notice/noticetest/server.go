//go:build unix

package noticetest

import (
	"bytes"
	"net"
	"os/exec"
	"strconv"
	"syscall"
	"testing"

	"taskctl/pkg/wait/waittest"
)

// Process is a server program that listens on a port of its own.
type Process struct {
	Program string
	Args    func(port string) []string
	Env     []string
	Port    string

	cmd    *exec.Cmd
	output bytes.Buffer
	exited chan struct{}
}

// Launch starts the program until the test ends, or skips the test if the program is
// not installed.
func Launch(t *testing.T, p *Process) *Process {
	t.Helper()
	if _, err := exec.LookPath(p.Program); err != nil {
		t.Skipf("there is no %s on this machine", p.Program)
	}
	p.Port = FreePort(t)
	p.Start(t)
	t.Cleanup(func() { p.Stop(t) })
	return p
}

// FreePort is for programs that cannot choose a free port themselves.
func FreePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	return strconv.Itoa(l.Addr().(*net.TCPAddr).Port)
}

// Address is the listen address of the program.
func (p *Process) Address() string { return net.JoinHostPort("127.0.0.1", p.Port) }

// Start starts the program and waits until it accepts connections.
func (p *Process) Start(t *testing.T) {
	t.Helper()
	p.cmd = exec.Command(p.Program, p.Args(p.Port)...)
	p.cmd.Env = append(p.cmd.Environ(), p.Env...)
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	p.cmd.Stdout, p.cmd.Stderr = &p.output, &p.output
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	exited := make(chan struct{})
	p.exited = exited
	go func(cmd *exec.Cmd) {
		_ = cmd.Wait() // it is killed
		close(exited)
	}(p.cmd)
	waittest.For(t, p.Program+" to accept connections", func() bool {
		conn, err := net.Dial("tcp", p.Address())
		if err == nil {
			_ = conn.Close()
		}
		return err == nil
	})
}

// Stop kills the program and its child processes.
func (p *Process) Stop(*testing.T) {
	if p.cmd == nil {
		return
	}
	_ = syscall.Kill(-p.cmd.Process.Pid, syscall.SIGKILL) // it may have ended
	<-p.exited
	p.cmd = nil
}
