package main

import (
	"math"

	"golang.org/x/sys/unix"
)

// closeInheritedOnExec marks the descriptors that the caller left open as
// close-on-exec. A detached launcher would otherwise hold, for example, the lock of a
// cron job until `taskctl stop`. Descriptors meant for a child are passed explicitly.
func closeInheritedOnExec() {
	if unix.CloseRange(firstInherited, math.MaxUint32, unix.CLOSE_RANGE_CLOEXEC) != nil { // before Linux 5.11
		closeOnExecIn("/proc/self/fd")
	}
}
