package control

import "os"

// continueProcess does nothing: a process cannot be stopped by a signal here.
func continueProcess(*os.Process) {}
