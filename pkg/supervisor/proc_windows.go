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
	Killed bool `json:"killed"` // it did not end when asked
}

// Leftovers finds none: the job objects ended with their launcher.
func Leftovers(string) ([]Swept, error) { return nil, nil }

// Sweep has nothing to do: the job objects ended with their launcher.
func Sweep(context.Context, string, time.Duration) ([]Swept, error) { return nil, nil }
