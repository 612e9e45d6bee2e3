//go:build linux || darwin

package supervisor

import (
	"os"
	"runtime"
	"sync"
	"syscall"
)

// leader is the process at the head of a group of its own, whose number it
// keeps: once the leader is reaped, nobody could be asked for it.
type leader struct {
	pid     int
	started uint64        // in the system's own unit; 0: unknown
	dead    chan struct{} // closed when it has died

	mu     sync.Mutex
	proc   *os.Process
	state  *os.ProcessState
	reaped bool // its number, and its group's, may belong to somebody else
}

// lead starts a process at the head of a group. With tied, the kernel kills it
// when this process dies: the kernel means the thread that started it, so that
// thread is kept until the child is dead.
func lead(path string, argv []string, attr *os.ProcAttr, tied bool) (*leader, error) {
	attr.Sys = processAttributes(tied)
	l := &leader{dead: make(chan struct{})}
	started := make(chan error)
	go func() {
		if tied {
			runtime.LockOSThread()
			defer runtime.UnlockOSThread()
		}
		proc, err := os.StartProcess(path, argv, attr)
		if err != nil {
			started <- err
			return
		}
		l.proc, l.pid = proc, proc.Pid
		l.started, _ = startTime(proc.Pid)
		started <- nil
		state := awaitDeath(proc)
		if state != nil {
			l.mu.Lock()
			l.state, l.reaped = state, true
			l.mu.Unlock()
		}
		close(l.dead)
	}()
	if err := <-started; err != nil {
		return nil, err
	}
	return l, nil
}

// signal sends sig to the leader alone. Until it is reaped its number is its own.
func (l *leader) signal(sig syscall.Signal) { l.send(l.pid, sig) }

// signalGroup sends sig to everybody in the group.
func (l *leader) signalGroup(sig syscall.Signal) { l.send(-l.pid, sig) }

func (l *leader) send(to int, sig syscall.Signal) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.reaped {
		_ = syscall.Kill(to, sig) // ESRCH: it is dead, which is as good
	}
}

// reap frees the leader's number, after its death, and says how it died. Nil
// when somebody else has taken that news.
func (l *leader) reap() *os.ProcessState {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.reaped {
		l.state, _ = l.proc.Wait() // a nil state is handled as unknown
		l.reaped = true
	}
	return l.state
}
