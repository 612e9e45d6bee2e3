//go:build linux || darwin

package supervisor

import (
	"errors"
	"os"
	"runtime"
	"sync"
	"syscall"

	"taskctl/pkg/wait"
)

// mainProcess is the process that a component's command starts: the leader of a
// session and of a process group, whose numbers are its pid.
type mainProcess struct {
	pid     int
	started uint64        // in the unit of the operating system; 0: unknown
	tag     uint64        // 0: none
	dead    chan struct{} // closed when it has died

	mu     sync.Mutex
	handle *os.Process
	state  *os.ProcessState
	reaped bool // its pid may have been reused
}

// mainProcessConfig describes a process to start.
type mainProcessConfig struct {
	path string
	argv []string
	attr *os.ProcAttr
	// tied makes the kernel kill the process when this one dies. For the kernel that is
	// the death of the thread that started it, so the thread is kept until the process
	// is dead.
	tied       bool
	credential *syscall.Credential // the user it runs as; nil: the user of this process
	tags       *tags
}

// startMainProcess starts a process in a session of its own.
func startMainProcess(c mainProcessConfig) (*mainProcess, error) {
	c.attr.Sys = processAttributes(c)
	m := &mainProcess{dead: make(chan struct{})}
	started := make(chan error)
	go func() {
		if c.tied {
			runtime.LockOSThread()
			defer runtime.UnlockOSThread()
		}
		var proc *os.Process
		tag, err := c.tags.start(func() (err error) {
			proc, err = os.StartProcess(c.path, c.argv, c.attr)
			return err
		})
		if err != nil {
			started <- err
			return
		}
		m.tag = tag
		m.handle, m.pid = proc, proc.Pid
		m.started, _ = startTime(proc.Pid)
		started <- nil
		state := awaitDeath(proc)
		if state != nil {
			m.mu.Lock()
			m.state, m.reaped = state, true
			m.mu.Unlock()
		}
		close(m.dead)
	}()
	if err := <-started; err != nil {
		return nil, err
	}
	return m, nil
}

// signal sends sig to the main process alone. Until it is reaped, its pid cannot be reused.
func (m *mainProcess) signal(sig syscall.Signal) { m.send(m.pid, sig) }

// signalGroup sends sig to every process of the group. permitted is false if this
// process may not signal any of them.
func (m *mainProcess) signalGroup(sig syscall.Signal) (permitted bool) { return m.send(-m.pid, sig) }

func (m *mainProcess) send(to int, sig syscall.Signal) (permitted bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.reaped || !errors.Is(syscall.Kill(to, sig), syscall.EPERM) // ESRCH means that it is dead already
}

// reap frees the pid of a dead process and returns its state, or nil if the process is
// alive or other code of this process has reaped it.
func (m *mainProcess) reap() *os.ProcessState {
	if !wait.IsClosed(m.dead) {
		return nil
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if !m.reaped {
		m.state, _ = m.handle.Wait() // a nil state is handled as unknown
		m.reaped = true
	}
	return m.state
}
