package main

import "os"

// nameProcess makes ps, top and pgrep show "taskctl": a child is started through
// /proc/self/exe, and would be listed as "exe".
func nameProcess() {
	_ = os.WriteFile("/proc/self/comm", []byte("taskctl"), 0) // only a name
}
