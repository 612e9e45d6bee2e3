package main

import (
	"runtime"
	"runtime/debug"
)

// What the api holds is small, a few megabytes, and what each request leaves is
// garbage at once. Collecting at five times what it holds instead of twice takes
// a sixth less processor for each write, for about 12 MB. Where it holds much,
// as with many large bodies under way, the limit keeps the rest of that at bay.
const (
	apiGCPercent   = 400
	apiMemoryLimit = 512 << 20 // bytes, soft
)

// collectLess sets how the process collects garbage, except what its user has set.
func (p *program) collectLess() {
	if p.getenv("GOGC") == "" {
		debug.SetGCPercent(apiGCPercent)
	}
	if p.getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(apiMemoryLimit)
	}
}

// runOnOneCore has the process's goroutines take turns. What the consumer does, it
// does one event after another; on two cores its reader and its writer wake each
// other for every few events, which costs a fifth more and takes the cores from
// those it waits for.
func (p *program) runOnOneCore() {
	if p.getenv("GOMAXPROCS") == "" {
		runtime.GOMAXPROCS(1)
	}
}
