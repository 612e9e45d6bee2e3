package supervisor

import (
	"os"
	"strconv"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// processAttributes puts a child at the head of a new group. Nothing here can
// tie it to its parent's life: a command outlives a launcher that is killed,
// until the sweep at the next start.
func processAttributes(bool) *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }

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

// scan lists the living processes that are wanted, except this one.
func scan(want func(procInfo) bool) []procInfo {
	all, err := unix.SysctlKinfoProcSlice("kern.proc.all")
	if err != nil {
		return nil
	}
	self := os.Getpid()
	var found []procInfo
	for i := range all {
		p := infoOf(&all[i])
		if p.pid != self && all[i].Proc.P_stat != stateZombie && want(p) {
			found = append(found, p)
		}
	}
	return found
}

func infoOf(k *unix.KinfoProc) procInfo {
	at := k.Proc.P_starttime
	return procInfo{
		pid: int(k.Proc.P_pid), parent: int(k.Eproc.Ppid), group: int(k.Eproc.Pgid), command: unix.ByteSliceToString(k.Proc.P_comm[:]),
		started: uint64(at.Sec)*1e6 + uint64(at.Usec),
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

// environ is not read here: descendants are known by their group alone.
func environ(int) []byte { return nil }

// startTime returns when a process was started, in microseconds since 1970.
func startTime(pid int) (uint64, bool) {
	p, _, ok := look(pid)
	return p.started, ok
}

// alive reports that the very process lives: the number alone may be another's.
func (p procInfo) alive() bool {
	now, state, ok := look(p.pid)
	return ok && now.started == p.started && state != stateZombie
}

func suspended(pid int) bool {
	_, state, ok := look(pid)
	return ok && state == stateStopped
}

func (p procInfo) signal(sig syscall.Signal) {
	if p.alive() {
		_ = syscall.Kill(p.pid, sig)
	}
}

// awaitDeathOf waits a little; the caller looks again.
func awaitDeathOf(_ []procInfo, atMost time.Duration) {
	time.Sleep(min(atMost, 20*time.Millisecond))
}

// oomKills: the system does not say.
func oomKills() uint64 { return 0 }

// bootID names this boot of the machine.
func bootID() string {
	at, err := unix.SysctlTimeval("kern.boottime")
	if err != nil {
		return ""
	}
	return strconv.FormatInt(at.Sec, 10)
}
