//go:build unix

package launcher

import (
	"os"
	"syscall"
)

// wake continues a process that was stopped (Ctrl+Z, SIGSTOP).
func wake(p *os.Process) { _ = p.Signal(syscall.SIGCONT) } // gone: the next signal tells
