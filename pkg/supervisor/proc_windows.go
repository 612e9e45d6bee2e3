package supervisor

import (
	"context"
	"syscall"
	"time"
)

// readNow is not possible on a Windows pipe; a job that has ended holds none.
func readNow(uintptr, []byte) int { return 0 }

// startTime returns when a process was started, in the system's 100 ns.
func startTime(pid int) (uint64, bool) {
	handle, err := syscall.OpenProcess(syscall.PROCESS_QUERY_INFORMATION, false, uint32(pid))
	if err != nil {
		return 0, false
	}
	defer func() { _ = syscall.CloseHandle(handle) }()
	var created, exited, kernel, user syscall.Filetime
	if err := syscall.GetProcessTimes(handle, &created, &exited, &kernel, &user); err != nil {
		return 0, false
	}
	return uint64(created.Nanoseconds()), true
}

// bootID: the start times are absolute, so a boot needs no name.
func bootID() string { return "windows" }

// Swept is a process that a dead launcher had left.
type Swept struct {
	Component string `json:"component"`
	Member
	Killed bool `json:"killed"`         // it did not end when asked
	Left   bool `json:"left,omitempty"` // still alive: it did not end when killed, or may not be signalled
}

// Leftovers returns none, because the job objects ended with their launcher.
func Leftovers(string) ([]Swept, error) { return nil, nil }

// Sweep does nothing, because the job objects ended with their launcher.
func Sweep(context.Context, string, time.Duration) ([]Swept, error) { return nil, nil }

// procInfo is one process. It has no group, because job objects keep processes
// together.
type procInfo struct {
	pid     int
	started uint64
}

// identity tells a process apart from a later one with the same pid.
type identity struct {
	pid     int
	started uint64
}

func (p procInfo) identity() identity { return identity{p.pid, p.started} }

// alive reports that this very process runs: the pid alone may have been reused.
func (p procInfo) alive() bool {
	started, found := startTime(p.pid)
	return found && started == p.started
}
