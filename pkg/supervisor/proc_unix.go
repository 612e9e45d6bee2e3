//go:build linux || darwin

package supervisor

import (
	"errors"
	"syscall"
)

// procInfo is one process as the system lists it.
type procInfo struct {
	pid, parent, group int
	started            uint64 // in the system's own unit; with the pid it names a process for good
	command            string
}

func (p procInfo) member() Member { return Member{PID: p.pid, Command: p.name()} }

// readNow reads what a non-blocking descriptor has: 0 or less where that is nothing.
func readNow(fd uintptr, buf []byte) int {
	for {
		n, err := syscall.Read(int(fd), buf)
		if !errors.Is(err, syscall.EINTR) {
			return n
		}
	}
}
