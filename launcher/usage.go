package launcher

import (
	"context"
	"sync"
	"time"

	"github.com/shirou/gopsutil/v4/process"
)

// usage measures processes on request: the launcher itself never polls.
type usage struct {
	mu   sync.Mutex
	last map[int]cpuSample
}

type cpuSample struct {
	at      time.Time
	seconds float64
	percent float64 // as returned then
}

// measure returns a process's resident memory and its share of one core since
// the last measurement (at the first, since it was started).
func (u *usage) measure(ctx context.Context, pid int, started time.Time) (rss uint64, percent float64) {
	p, err := process.NewProcessWithContext(ctx, int32(pid))
	if err != nil {
		return 0, 0 // it has just ended
	}
	if m, err := p.MemoryInfoWithContext(ctx); err == nil {
		rss = m.RSS
	}
	times, err := p.TimesWithContext(ctx)
	if err != nil {
		return rss, 0
	}
	return rss, u.share(pid, started, times.User+times.System)
}

// minCPUTime is the shortest time over which a share is measured, because the system
// counts processor time in steps of 10 ms.
const minCPUTime = time.Second

// share returns the share of one core that was used since the last measurement,
// from all the seconds that have been used since the start. In its first second a
// process has the share of a whole one; a measurement that follows another within a
// second repeats it.
func (u *usage) share(pid int, started time.Time, seconds float64) (percent float64) {
	now := cpuSample{at: time.Now(), seconds: seconds}
	u.mu.Lock()
	defer u.mu.Unlock()
	before, known := u.last[pid]
	if !known {
		before = cpuSample{at: started}
	}
	elapsed := now.at.Sub(before.at)
	if known && elapsed < minCPUTime {
		return before.percent
	}
	now.percent = max(0, now.seconds-before.seconds) / max(elapsed, minCPUTime).Seconds() * 100
	if elapsed < minCPUTime {
		return now.percent // the next measurement covers the time since the start, too
	}
	if u.last == nil {
		u.last = map[int]cpuSample{}
	}
	u.last[pid] = now
	return now.percent
}

// forget drops the samples of processes that have ended.
func (u *usage) forget(living map[int]bool) {
	u.mu.Lock()
	defer u.mu.Unlock()
	for pid := range u.last {
		if !living[pid] {
			delete(u.last, pid)
		}
	}
}
