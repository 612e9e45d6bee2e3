//go:build linux || darwin

package supervisor

import (
	"errors"
	"syscall"
)

// procInfo is one process as the system lists it.
type procInfo struct {
	pid, parent, group, session int

	started  uint64 // in the unit of the operating system; pid and start time together identify a process
	command  string
	cpuTicks uint64 // of the process and of the children it has reaped
	rssPages uint64
}

// identity tells a process apart from a later one with the same pid.
type identity struct {
	pid     int
	started uint64
}

func (p procInfo) identity() identity { return identity{p.pid, p.started} }

func (p procInfo) member() Member { return Member{PID: p.pid, Command: p.name(), User: p.user()} }

func membersOf(processes []procInfo) []Member {
	members := make([]Member, len(processes))
	for i, p := range processes {
		members[i] = p.member()
	}
	return members
}

// readNow reads what a non-blocking descriptor has now; 0 or less means nothing.
func readNow(fd uintptr, buf []byte) int {
	for {
		n, err := syscall.Read(int(fd), buf)
		if !errors.Is(err, syscall.EINTR) {
			return n
		}
	}
}
