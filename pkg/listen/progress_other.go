//go:build !linux

package listen

import "syscall"

// Progress is known on Linux only. Elsewhere a client makes progress when its socket
// accepts bytes.
func Progress(syscall.RawConn) (backlog bool, acked uint64) { return false, 0 }
