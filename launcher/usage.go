package launcher

import (
	"context"
	"sync"
	"time"

	"github.com/shirou/gopsutil/v4/process"
)

// usage measures processes whenever somebody looks: the launcher itself never
// polls.
type usage struct {
	mu   sync.Mutex
	last map[int]cpuSample
}

type cpuSample struct {
	at      time.Time
	seconds float64
}

// measure returns a process's resident memory and its share of one core since
// the last look (or since it was started, at the first).
func (u *usage) measure(ctx context.Context, pid int, started time.Time) (rss uint64, percent float64) {
	p, err := process.NewProcessWithContext(ctx, int32(pid))
	if err != nil {
		return 0, 0 // it has ended in this instant
	}
	if m, err := p.MemoryInfoWithContext(ctx); err == nil {
		rss = m.RSS
	}
	times, err := p.TimesWithContext(ctx)
	if err != nil {
		return rss, 0
	}
	now := cpuSample{at: time.Now(), seconds: times.User + times.System}
	u.mu.Lock()
	defer u.mu.Unlock()
	before, known := u.last[pid]
	if !known {
		before = cpuSample{at: started}
	}
	if u.last == nil {
		u.last = map[int]cpuSample{}
	}
	u.last[pid] = now
	if elapsed := now.at.Sub(before.at).Seconds(); elapsed > 0 {
		percent = max(0, now.seconds-before.seconds) / elapsed * 100
	}
	return rss, percent
}

// forget drops the samples of processes that are not among the living.
func (u *usage) forget(living map[int]bool) {
	u.mu.Lock()
	defer u.mu.Unlock()
	for pid := range u.last {
		if !living[pid] {
			delete(u.last, pid)
		}
	}
}
