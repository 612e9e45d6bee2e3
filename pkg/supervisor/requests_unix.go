//go:build linux || darwin

package supervisor

import (
	"syscall"
	"time"

	"taskctl/pkg/supervisor/child"
)

func (i *process) stopSignal() syscall.Signal {
	if sig, ok := i.gen.StopSignal.(syscall.Signal); ok {
		return sig
	}
	return syscall.SIGTERM
}

// Send passes a request on.
func (i *process) Send(o Request) {
	switch o {
	case Stop:
		i.stop()
	case Kill:
		i.kill()
	case Dump:
		if !i.ours { // a user's command has no goroutines to dump
			i.stop()
			return
		}
		i.tail.freeze()
		i.main.signal(syscall.SIGQUIT)
	case Accept:
		i.writeLifeline(child.LineAccept)
	case Retire:
		if !i.ours {
			i.stop()
			return
		}
		i.stopSent.Store(true)
		i.main.signalGroup(syscall.SIGCONT) // a stopped process would not receive it
		i.writeLifeline(child.LineRetire)
	}
}

// stop asks a component of ours to end through its main process alone, which ends its
// own children in its own order. For a user's command it asks every process group of
// the session, because a shell with job control makes a group for each job. A stopped
// process is continued first, or it would not receive the signal.
func (i *process) stop() {
	i.stopSent.Store(true)
	if i.ours {
		i.main.signalGroup(syscall.SIGCONT)
		i.main.signal(i.stopSignal())
		return
	}
	members := i.scan() // before the parents end, while their children can be found
	i.main.signalGroup(syscall.SIGCONT)
	i.main.signalGroup(i.stopSignal())
	for _, m := range members {
		if m.session == i.main.pid && m.group != i.main.pid {
			m.signal(syscall.SIGCONT)
			m.signal(i.stopSignal())
		}
	}
}

func (i *process) kill() {
	now := time.Now()
	if i.killSentAt.CompareAndSwap(nil, &now) {
		defer close(i.killSent)
	}
	i.scan() // before the parents end, as in stop
	i.main.signalGroup(syscall.SIGKILL)
}

// writeLifeline sends a line to the child. A generation gets at most two, so there is
// room in the pipe; the deadline is a safeguard.
func (i *process) writeLifeline(line string) {
	if i.pipes.lifeline == nil {
		return
	}
	_ = i.pipes.lifeline.SetWriteDeadline(time.Now().Add(drainTimeout))
	if _, err := i.pipes.lifeline.WriteString(line + "\n"); err != nil {
		i.gen.Logger.Debug("lifeline not written", "line", line, "error", err)
	}
}
