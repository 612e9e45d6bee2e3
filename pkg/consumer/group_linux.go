package consumer

import "syscall"

// dieWithParent is bound to the thread that starts the command (prctl(2)), and
// Go ends no thread that no goroutine was locked to.
func dieWithParent(attr *syscall.SysProcAttr) { attr.Pdeathsig = syscall.SIGKILL }
