package bench

import (
	"context"
	"time"
)

// A process's memory has settled when it has not changed by more than a part in
// settledPart for settledFor.
const (
	settledFor  = 2 * time.Second
	settledPart = 200
	settleLimit = 20 * time.Second
	settlePoll  = 100 * time.Millisecond
)

// settle waits until the processes' memory stays the same, and compares it with
// what it was before.
func (f *fanout) settle(ctx context.Context, before usageSince) []Idle {
	defer f.opts.watch(StageSettle, 0, func() uint64 { return 0 })()
	began := time.Now()
	steady, since := startUsage(f.processes), began
	for time.Since(began) < settleLimit && time.Since(since) < settledFor && sleep(ctx, settlePoll) {
		if now := startUsage(f.processes); !now.near(steady) {
			steady, since = now, time.Now()
		}
	}
	idle := make([]Idle, 0, len(f.processes))
	for i, p := range f.processes {
		_, rss := look(p.PID)
		idle = append(idle, Idle{
			Name: p.Name, Before: before.rss[i], Connected: rss,
			Each: (float64(rss) - float64(before.rss[i])) / float64(f.cfg.Clients),
		})
	}
	return idle
}

func (u usageSince) near(other usageSince) bool {
	for i, rss := range u.rss {
		if diff := max(rss, other.rss[i]) - min(rss, other.rss[i]); diff > rss/settledPart {
			return false
		}
	}
	return true
}
