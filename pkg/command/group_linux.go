package command

import "syscall"

// killWithParent takes effect when the thread that starts the command ends
// (prctl(2)). Go only ends threads that a goroutine was locked to.
func killWithParent(attr *syscall.SysProcAttr) { attr.Pdeathsig = syscall.SIGKILL }
