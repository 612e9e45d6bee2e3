//go:build unix

package control

import (
	"os"
	"syscall"
)

// continueProcess continues a process that was stopped (Ctrl+Z, SIGSTOP).
func continueProcess(p *os.Process) { _ = p.Signal(syscall.SIGCONT) } // fails if the process has ended, and so does the next signal
