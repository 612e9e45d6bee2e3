package supervisor

// ProcessID names one process. The pid alone may be reused by another process later.
type ProcessID struct {
	PID     int
	Started uint64 // when it was started, in the unit of the operating system
}

// Identify returns the identity of the process that has a pid now.
func Identify(pid int) (id ProcessID, found bool) {
	started, found := startTime(pid)
	return ProcessID{PID: pid, Started: started}, found
}

// Running reports whether this very process has not ended.
func (p ProcessID) Running() bool { return procInfo{pid: p.PID, started: p.Started}.alive() }
