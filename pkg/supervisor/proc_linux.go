package supervisor

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// processAttributes puts a child at the head of a new group. Tied, it is killed
// when the thread that starts it ends.
func processAttributes(tied bool) *syscall.SysProcAttr {
	attr := &syscall.SysProcAttr{Setpgid: true}
	if tied {
		attr.Pdeathsig = syscall.SIGKILL
	}
	return attr
}

// awaitDeath blocks until the process is dead, and leaves it unreaped, so that
// nobody gets its number while its group is being ended. It returns a state
// only where that could not be done.
func awaitDeath(proc *os.Process) *os.ProcessState {
	for {
		err := unix.Waitid(unix.P_PID, proc.Pid, nil, unix.WEXITED|unix.WNOWAIT, nil)
		switch {
		case err == nil:
			return nil
		case !errors.Is(err, unix.EINTR):
			state, _ := proc.Wait()
			return state
		}
	}
}

// scan lists the living processes that are wanted, except this one. A zombie is
// not alive: it holds nothing and does nothing.
func scan(want func(procInfo) bool) []procInfo {
	return list(func(p procInfo, state byte) bool { return state != 'Z' && state != 'X' && want(p) })
}

// scanZombies lists the dead ones that nobody has taken note of.
func scanZombies(want func(procInfo) bool) []procInfo {
	return list(func(p procInfo, state byte) bool { return state == 'Z' && want(p) })
}

func list(want func(procInfo, byte) bool) []procInfo {
	var found []procInfo
	dir, err := os.Open("/proc")
	if err != nil {
		return nil
	}
	defer func() { _ = dir.Close() }()
	names, _ := dir.Readdirnames(-1) // what was read before an error counts
	self := os.Getpid()
	for _, name := range names {
		pid, err := strconv.Atoi(name)
		if err != nil || pid == self {
			continue
		}
		if p, state, ok := readStat(pid); ok && want(p, state) {
			found = append(found, p)
		}
	}
	return found
}

// readStat reads /proc/PID/stat (proc_pid_stat(5)).
func readStat(pid int) (p procInfo, state byte, ok bool) {
	text, err := os.ReadFile(procFile(pid, "stat"))
	if err != nil {
		return procInfo{}, 0, false
	}
	return parseStat(text)
}

// parseStat takes the command's name by its last parenthesis: it may hold any
// character, spaces and parentheses included.
func parseStat(text []byte) (p procInfo, state byte, ok bool) {
	open, end := bytes.IndexByte(text, '('), bytes.LastIndexByte(text, ')')
	if open < 1 || end < open {
		return procInfo{}, 0, false
	}
	fields := bytes.Fields(text[end+1:])
	const stateField, parentField, groupField, startField = 0, 1, 2, 19 // 3, 4, 5 and 22 in the manual
	if len(fields) <= startField {
		return procInfo{}, 0, false
	}
	pid, err1 := strconv.Atoi(string(bytes.TrimSpace(text[:open])))
	parent, err2 := strconv.Atoi(string(fields[parentField]))
	group, err3 := strconv.Atoi(string(fields[groupField]))
	started, err4 := strconv.ParseUint(string(fields[startField]), 10, 64)
	if err1 != nil || err2 != nil || err3 != nil || err4 != nil {
		return procInfo{}, 0, false
	}
	return procInfo{
		pid: pid, parent: parent, group: group, started: started, command: string(text[open+1 : end]),
	}, fields[stateField][0], true
}

// name is the command's name, or the program's where the kernel knows it only
// by the /proc/self/exe that it was started from.
func (p procInfo) name() string {
	if p.command != "exe" {
		return p.command
	}
	program, err := os.Readlink(procFile(p.pid, "exe"))
	if err != nil {
		return p.command
	}
	return strings.TrimSuffix(filepath.Base(program), " (deleted)")
}

// environ returns the environment that a process was started with; nil where
// it may not be read.
func environ(pid int) []byte {
	text, err := os.ReadFile(procFile(pid, "environ"))
	if err != nil {
		return nil
	}
	return text
}

// startTime returns when a process was started, in clock ticks since boot. A
// zombie still has one.
func startTime(pid int) (uint64, bool) {
	p, _, ok := readStat(pid)
	return p.started, ok
}

// alive reports that the very process lives: the number alone may be another's.
func (p procInfo) alive() bool {
	now, state, ok := readStat(p.pid)
	return ok && now.started == p.started && state != 'Z' && state != 'X'
}

func suspended(pid int) bool {
	_, state, ok := readStat(pid)
	return ok && (state == 'T' || state == 't')
}

// signal sends sig to the very process: the descriptor is opened first and then
// compared, so no recycled number is ever hit.
func (p procInfo) signal(sig syscall.Signal) {
	fd, err := unix.PidfdOpen(p.pid, 0)
	if err != nil {
		if !errors.Is(err, unix.ESRCH) && p.alive() { // a kernel before 5.3
			_ = syscall.Kill(p.pid, sig)
		}
		return
	}
	defer func() { _ = unix.Close(fd) }()
	if p.alive() {
		_ = unix.PidfdSendSignal(fd, sig, nil, 0)
	}
}

// awaitDeathOf returns when one of the processes has died, or after a while.
func awaitDeathOf(processes []procInfo, atMost time.Duration) {
	var fds []unix.PollFd
	defer func() {
		for _, fd := range fds {
			_ = unix.Close(int(fd.Fd))
		}
	}()
	for _, p := range processes {
		fd, err := unix.PidfdOpen(p.pid, 0)
		if err != nil {
			continue
		}
		fds = append(fds, unix.PollFd{Fd: int32(fd), Events: unix.POLLIN})
		if !p.alive() {
			return
		}
	}
	if len(fds) == 0 {
		time.Sleep(min(atMost, 10*time.Millisecond)) // no pidfd here, or all dead by now
		return
	}
	// EINTR and timeout alike: the caller looks again. Less than 0 would be for ever.
	_, _ = unix.Poll(fds, int(max(0, atMost).Milliseconds()))
}

// oomKills counts how often the kernel has killed a process for want of memory
// since boot; 0 where it does not say.
func oomKills() uint64 {
	text, err := os.ReadFile("/proc/vmstat")
	if err != nil {
		return 0
	}
	_, after, found := bytes.Cut(text, []byte("\noom_kill "))
	if !found {
		return 0
	}
	digits, _, _ := bytes.Cut(after, []byte{'\n'})
	n, _ := strconv.ParseUint(string(digits), 10, 64) // 0 is what we say of what we cannot read
	return n
}

// bootID names this boot of the machine: pids and start times of another mean nothing.
func bootID() string {
	text, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return ""
	}
	return string(bytes.TrimSpace(text))
}

func procFile(pid int, name string) string {
	return filepath.Join("/proc", strconv.Itoa(pid), name)
}
