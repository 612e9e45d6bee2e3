package main

import (
	"context"
	"runtime/debug"
	"runtime/metrics"
	"time"
)

const (
	memoryCheckInterval = 5 * time.Second
	// memoryReturnStep is the growth, beside half of what was there before, that makes a
	// return worth its collection, in bytes.
	memoryReturnStep = 8 << 20
	// maxChecksBetween is how many checks pass after returns that gave back little, as
	// while many clients are connected.
	maxChecksBetween = 4
)

// returnMemory gives memory that a burst has needed back to the system, until ctx ends.
// Without it, a process that has become idle keeps the garbage for two minutes, and
// what was collected for longer.
func returnMemory(ctx context.Context) {
	ticker := time.NewTicker(memoryCheckInterval)
	defer ticker.Stop()
	w := newMemoryWatch(readMemory())
	for {
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return
		}
		if now := readMemory(); w.due(now) {
			debug.FreeOSMemory()
			w.returned(now, readMemory())
		}
	}
}

// memoryUse is what the runtime tells of its memory, in bytes.
type memoryUse struct {
	resident  uint64
	allocated uint64 // since the process began
}

func readMemory() memoryUse {
	samples := []metrics.Sample{
		{Name: "/memory/classes/total:bytes"},
		{Name: "/memory/classes/heap/released:bytes"},
		{Name: "/gc/heap/allocs:bytes"},
	}
	metrics.Read(samples)
	return memoryUse{
		resident:  samples[0].Value.Uint64() - samples[1].Value.Uint64(),
		allocated: samples[2].Value.Uint64(),
	}
}

// memoryWatch decides when memory is returned.
type memoryWatch struct {
	start     uint64 // resident at the start
	floor     uint64 // the least that was resident since the last return
	allocated uint64 // at the last check
	pause     int    // checks to pass after a return
	left      int    // of them
}

func newMemoryWatch(now memoryUse) *memoryWatch {
	return &memoryWatch{start: now.resident, floor: now.resident, allocated: now.allocated, pause: 1}
}

// due reports whether the memory has grown, and is not in use now: less than half of it
// was allocated since the last check.
func (w *memoryWatch) due(now memoryUse) bool {
	fresh := now.allocated - w.allocated
	w.allocated = now.allocated
	if hasGrown(w.floor, now.resident) {
		w.pause, w.left = 1, 0
	}
	w.floor = min(w.floor, now.resident)
	if w.left > 0 {
		w.left--
		return false
	}
	return hasGrown(w.start, now.resident) && fresh < now.resident/2
}

func hasGrown(from, to uint64) bool { return to > from+from/2+memoryReturnStep }

// returned notes what a return has given back.
func (w *memoryWatch) returned(before, after memoryUse) {
	if after.resident > before.resident-before.resident/4 {
		w.pause = min(2*w.pause, maxChecksBetween)
	} else {
		w.pause = 1
	}
	w.left = w.pause
	w.floor, w.allocated = after.resident, after.allocated
}
