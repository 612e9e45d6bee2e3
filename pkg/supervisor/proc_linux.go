package supervisor

import (
	"bytes"
	"errors"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// processAttributes gives a child a session of its own, so that it has no
// controlling terminal, and makes it the leader of a process group. The kernel
// kills a tied child when the thread that starts it ends.
func processAttributes(c mainProcessConfig) *syscall.SysProcAttr {
	attr := &syscall.SysProcAttr{Setsid: true, Credential: c.credential}
	if c.tied {
		attr.Pdeathsig = syscall.SIGKILL
	}
	return attr
}

// awaitDeath blocks until the process is dead. It leaves the process unreaped, so that
// its pid is not reused while its group is being ended. It returns a state only if it
// had to reap the process.
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

// readProcesses lists all processes except this one. The dead have not been reaped.
func readProcesses() (living, dead []procInfo) {
	names, _ := readNames("/proc") // what was read before an error counts
	self := os.Getpid()
	for _, name := range names {
		pid, err := strconv.Atoi(name)
		if err != nil || pid == self {
			continue
		}
		switch p, state, ok := readStat(pid); {
		case !ok || state == 'X':
		case state == 'Z':
			dead = append(dead, p)
		default:
			living = append(living, p)
		}
	}
	return living, dead
}

// readStat reads /proc/PID/stat (proc_pid_stat(5)).
func readStat(pid int) (p procInfo, state byte, ok bool) {
	text, err := os.ReadFile(procFile(pid, "stat"))
	if err != nil {
		return procInfo{}, 0, false
	}
	return parseStat(text)
}

// parseStat reads a line of /proc/PID/stat. The command's name ends at the last
// parenthesis, because it may contain any character.
func parseStat(text []byte) (p procInfo, state byte, ok bool) {
	open, end := bytes.IndexByte(text, '('), bytes.LastIndexByte(text, ')')
	if open < 1 || end < open {
		return procInfo{}, 0, false
	}
	fields := bytes.Fields(text[end+1:])
	if len(fields) <= rssField {
		return procInfo{}, 0, false
	}
	pid, err := strconv.Atoi(string(bytes.TrimSpace(text[:open])))
	number := func(field int) uint64 {
		n, parseErr := strconv.ParseInt(string(fields[field]), 10, 64)
		err = errors.Join(err, parseErr)
		return uint64(n)
	}
	p = procInfo{
		pid: pid, parent: int(number(parentField)), group: int(number(groupField)), session: int(number(sessionField)),
		started: number(startField), command: string(text[open+1 : end]),
		cpuTicks: number(userField) + number(systemField) + number(childUserField) + number(childSystemField),
		rssPages: number(rssField),
	}
	return p, fields[stateField][0], err == nil
}

// The fields of proc_pid_stat(5) that are used, counted from the one after the
// command's name: the manual's numbers less three.
const (
	stateField       = 0
	parentField      = 1
	groupField       = 2
	sessionField     = 3
	userField        = 11
	systemField      = 12
	childUserField   = 13 // of the children it has reaped
	childSystemField = 14
	startField       = 19
	rssField         = 21
)

// name is the command's name. For a program that was started as /proc/self/exe the
// kernel only knows "exe"; then it is the program's own name.
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

// environ returns the environment that a process was started with, or nil if it may not
// be read.
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

// alive reports that this very process runs: the pid alone may have been reused.
func (p procInfo) alive() bool {
	now, state, ok := readStat(p.pid)
	return ok && now.started == p.started && state != 'Z' && state != 'X'
}

func suspended(pid int) bool {
	_, state, ok := readStat(pid)
	return ok && (state == 'T' || state == 't')
}

// signal sends sig to this very process: the descriptor is opened first and then
// compared, so that a reused pid is never hit. False where that is not permitted.
func (p procInfo) signal(sig syscall.Signal) (permitted bool) {
	fd, err := unix.PidfdOpen(p.pid, 0)
	switch {
	case errors.Is(err, unix.ESRCH):
		return true
	case err != nil: // a kernel before 5.3
		return !p.alive() || !errors.Is(syscall.Kill(p.pid, sig), unix.EPERM)
	}
	defer func() { _ = unix.Close(fd) }()
	return !p.alive() || !errors.Is(unix.PidfdSendSignal(fd, sig, nil, 0), unix.EPERM)
}

// user returns the user that a process runs as, by name or else by number; empty if it
// is the user of this process.
func (p procInfo) user() string {
	var info unix.Stat_t
	if unix.Stat(procFile(p.pid, ""), &info) != nil || int(info.Uid) == os.Geteuid() {
		return ""
	}
	id := strconv.Itoa(int(info.Uid))
	if u, err := user.LookupId(id); err == nil {
		return u.Username
	}
	return id
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
		time.Sleep(min(atMost, 10*time.Millisecond)) // no pidfd on this system, or all are dead
		return
	}
	// After EINTR, as after the timeout, the caller checks again. A negative timeout
	// would mean forever.
	_, _ = unix.Poll(fds, int(max(0, atMost).Milliseconds()))
}

// oomKills returns how many processes the kernel has killed since boot because memory
// ran out; 0 if the kernel does not count them.
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
	n, _ := strconv.ParseUint(string(digits), 10, 64) // 0 if it cannot be read
	return n
}

// bootID names this boot of the machine: pids and start times of another boot mean
// nothing.
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

// newestProcess returns a text that changes whenever a process is started: the
// last pid given out, which ends /proc/loadavg.
func newestProcess() string {
	text, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return ""
	}
	fields := bytes.Fields(text)
	if len(fields) == 0 {
		return ""
	}
	return string(fields[len(fields)-1])
}
