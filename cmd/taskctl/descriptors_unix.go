//go:build unix

package main

import (
	"os"
	"strconv"
	"syscall"
)

// firstInherited is the first descriptor after the three standard streams.
const firstInherited = 3

// closeOnExecIn marks the descriptors that a system directory such as /dev/fd lists.
func closeOnExecIn(dir string) {
	entries, _ := os.ReadDir(dir) // without the directory they stay as they are
	for _, entry := range entries {
		if fd, err := strconv.Atoi(entry.Name()); err == nil && fd >= firstInherited {
			syscall.CloseOnExec(fd)
		}
	}
}
