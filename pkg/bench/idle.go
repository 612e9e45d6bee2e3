package bench

import (
	"context"
	"time"

	"taskctl/pkg/wait"
)

// A process's memory is stable when it has changed by no more than one part in
// maxChangeDivisor for stableFor.
const (
	stableFor          = 2 * time.Second
	maxChangeDivisor   = 200
	stableTimeout      = 20 * time.Second
	memoryPollInterval = 100 * time.Millisecond
)

// measureIdle waits until the processes' memory is stable and compares it with the
// values in before.
func (f *fanout) measureIdle(ctx context.Context, before usageSince) []Idle {
	defer f.opts.reportProgress(StageStabilize, 0, func() uint64 { return 0 })()
	began := time.Now()
	reference, since := startUsage(f.processes), began
	for time.Since(began) < stableTimeout && time.Since(since) < stableFor && wait.Sleep(ctx, memoryPollInterval) {
		if now := startUsage(f.processes); !now.closeTo(reference) {
			reference, since = now, time.Now()
		}
	}
	idle := make([]Idle, 0, len(f.processes))
	for i, p := range f.processes {
		_, rss := inspect(p.PID)
		idle = append(idle, Idle{
			Name: p.Name, Before: before.rss[i], Connected: rss,
			Each: (float64(rss) - float64(before.rss[i])) / float64(f.cfg.Clients),
		})
	}
	return idle
}

func (u usageSince) closeTo(other usageSince) bool {
	for i, rss := range u.rss {
		if diff := max(rss, other.rss[i]) - min(rss, other.rss[i]); diff > rss/maxChangeDivisor {
			return false
		}
	}
	return true
}
