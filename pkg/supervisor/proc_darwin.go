package supervisor

import (
	"errors"
	"os"
	"strconv"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// processAttributes gives a child a session of its own. macOS cannot tie it to its
// parent: if the launcher is killed, a command lives on until the sweep at the next
// start.
func processAttributes(c mainProcessConfig) *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setsid: true, Credential: c.credential}
}

// awaitDeath blocks until the process is dead, and reaps it.
func awaitDeath(proc *os.Process) *os.ProcessState {
	state, _ := proc.Wait() // a nil state is handled as unknown
	return state
}

// The states of a process (sys/proc.h).
const (
	stateStopped = 4
	stateZombie  = 5
)

// readProcesses lists all processes except this one. The dead have not been reaped.
func readProcesses() (living, dead []procInfo) {
	all, err := unix.SysctlKinfoProcSlice("kern.proc.all")
	if err != nil {
		return nil, nil
	}
	self := os.Getpid()
	for i := range all {
		switch p := infoOf(&all[i]); {
		case p.pid == self:
		case all[i].Proc.P_stat == stateZombie:
			dead = append(dead, p)
		default:
			living = append(living, p)
		}
	}
	return living, dead
}

func infoOf(k *unix.KinfoProc) procInfo {
	at, pid := k.Proc.P_starttime, int(k.Proc.P_pid)
	session, _ := unix.Getsid(pid) // 0 of a process that has just ended
	return procInfo{
		pid: pid, parent: int(k.Eproc.Ppid), group: int(k.Eproc.Pgid), session: session,
		command: unix.ByteSliceToString(k.Proc.P_comm[:]), started: uint64(at.Sec)*1e6 + uint64(at.Usec),
	}
}

func look(pid int) (p procInfo, state int8, ok bool) {
	k, err := unix.SysctlKinfoProc("kern.proc.pid", pid)
	if err != nil || int(k.Proc.P_pid) != pid {
		return procInfo{}, 0, false
	}
	return infoOf(k), k.Proc.P_stat, true
}

func (p procInfo) name() string { return p.command }

// environ is not read on macOS, so descendants are found by their group only.
func environ(int) []byte { return nil }

// startTime returns when a process was started, in microseconds since 1970.
func startTime(pid int) (uint64, bool) {
	p, _, ok := look(pid)
	return p.started, ok
}

// alive reports that this very process runs: the pid alone may have been reused.
func (p procInfo) alive() bool {
	now, state, ok := look(p.pid)
	return ok && now.started == p.started && state != stateZombie
}

func suspended(pid int) bool {
	_, state, ok := look(pid)
	return ok && state == stateStopped
}

// signal sends sig to this very process. False where that is not permitted.
func (p procInfo) signal(sig syscall.Signal) (permitted bool) {
	return !p.alive() || !errors.Is(syscall.Kill(p.pid, sig), syscall.EPERM)
}

// user is not looked up on macOS.
func (p procInfo) user() string { return "" }

// awaitDeathOf waits a little; the caller checks again.
func awaitDeathOf(_ []procInfo, atMost time.Duration) {
	time.Sleep(min(atMost, 20*time.Millisecond))
}

// oomKills is 0, because macOS does not count them.
func oomKills() uint64 { return 0 }

// bootID names this boot of the machine.
func bootID() string {
	at, err := unix.SysctlTimeval("kern.boottime")
	if err != nil {
		return ""
	}
	return strconv.FormatInt(at.Sec, 10)
}

// newestProcess is empty, because macOS does not tell it.
func newestProcess() string { return "" }
