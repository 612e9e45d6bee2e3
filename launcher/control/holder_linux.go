package control

import (
	"os"
	"path/filepath"
	"strconv"
)

// mayHold reports whether a process may hold a lock, because it has the file open. It
// is true if the open files of the process cannot be read.
func mayHold(pid int, lock string) bool {
	held, err := os.Stat(lock)
	if err != nil {
		return true
	}
	dir := filepath.Join("/proc", strconv.Itoa(pid), "fd")
	descriptors, err := os.ReadDir(dir)
	if err != nil {
		return true
	}
	for _, fd := range descriptors {
		if file, err := os.Stat(filepath.Join(dir, fd.Name())); err == nil && os.SameFile(file, held) {
			return true
		}
	}
	return false
}
