//go:build linux

package chaos

import (
	"cmp"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// server is a program that runs on a host, such as a database.
type server struct {
	name    string
	host    *host
	port    string // on which it accepts connections; empty: none
	command func() *exec.Cmd
	dir     string         // of its output
	signal  syscall.Signal // that kills it with its children; 0: SIGKILL

	cmd    *exec.Cmd
	ended  chan struct{}
	result error
}

// start starts the program, and kills it when the test ends.
func (s *server) start(t *testing.T) {
	t.Helper()
	out, err := os.OpenFile(filepath.Join(s.dir, s.name+".out"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = out.Close() }()
	cmd := s.command()
	cmd.Stdout, cmd.Stderr = out, out
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = new(syscall.SysProcAttr)
	}
	cmd.SysProcAttr.Setpgid = true
	s.host.run(func() { err = cmd.Start() })
	if err != nil {
		t.Fatalf("start %s: %v", s.name, err)
	}
	s.cmd, s.ended = cmd, make(chan struct{})
	go func(ended chan struct{}) {
		s.result = cmd.Wait()
		close(ended)
	}(s.ended)
	t.Cleanup(s.kill)
	if s.port == "" {
		return
	}
	s.await(t)
}

// await waits until the program accepts connections, which takes RabbitMQ more than a
// minute on a busy machine.
func (s *server) await(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), hostsExtra/2)
	defer cancel()
	for ctx.Err() == nil {
		conn, err := dialer.DialContext(ctx, "tcp", s.host.addr(s.port))
		if err == nil {
			_ = conn.Close()
			return
		}
		select {
		case <-s.ended:
			t.Fatalf("%s ended by itself: %v", s.name, s.result)
		default:
			pause(ctx, 20*time.Millisecond)
		}
	}
	t.Fatalf("%s does not accept connections", s.name)
}

// kill ends the program and its children at once, like a power failure.
func (s *server) kill() {
	if s.cmd == nil {
		return
	}
	_ = syscall.Kill(-s.cmd.Process.Pid, cmp.Or(s.signal, syscall.SIGKILL)) // it may have ended
	<-s.ended
	s.cmd = nil
}
