package main

import (
	"runtime"
	"runtime/debug"
)

// The api's live heap is a few megabytes, and each request leaves garbage. Collecting
// at five times the live heap instead of twice saves a sixth of the CPU of each write,
// and costs about 12 MB. The memory limit bounds this when the live heap is large, as
// with many large bodies in progress.
const (
	apiGCPercent   = 400
	apiMemoryLimit = 256 << 20 // bytes, soft
)

// collectLess tunes garbage collection, unless the environment (GOGC, GOMEMLIMIT) does.
func (p *program) collectLess() {
	if p.getenv("GOGC") == "" {
		debug.SetGCPercent(apiGCPercent)
	}
	if p.getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(apiMemoryLimit)
	}
}

// runOnOneCore makes the process use one core. The consumer handles one event after
// another; on two cores its reader and its writer wake each other for every few
// events, which costs a fifth more CPU.
func (p *program) runOnOneCore() {
	if p.getenv("GOMAXPROCS") == "" {
		runtime.GOMAXPROCS(1)
	}
}
