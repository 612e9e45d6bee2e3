package postgrestest

import "syscall"

// dieWithParent ends the server, as `pg_ctl stop -m immediate` does, if the test
// process is killed.
func dieWithParent(a *syscall.SysProcAttr) { a.Pdeathsig = syscall.SIGQUIT }
