package supervisor

import (
	"context"
	"os"
	"slices"
	"syscall"
	"time"
)

// orphanTime is how long a dead child waits for whoever started it here, before
// it counts as one that nobody here started.
const orphanTime = time.Second

// ReapOrphans collects dead processes that this one has inherited, as process 1
// of a container does: nobody else will, and they would pile up. It looks
// whenever something arrives on died, to be fed with SIGCHLD, and leaves alone
// what the supervisor or anybody else in this process has started and waits
// for. It returns nil when ctx ends.
func (s *Supervisor) ReapOrphans(ctx context.Context, died <-chan os.Signal) error {
	for {
		select {
		case <-died:
		case <-ctx.Done():
			return nil
		}
		dead := s.unclaimed()
		if len(dead) == 0 {
			continue
		}
		select {
		case <-time.After(orphanTime):
		case <-ctx.Done():
			return nil
		}
		for _, p := range s.unclaimed() {
			if slices.Contains(dead, p) {
				// WNOHANG, and by number: it is dead, and its number ours to free.
				_, _ = syscall.Wait4(p.pid, nil, syscall.WNOHANG, nil)
			}
		}
	}
}

// unclaimed lists dead children that are no generation's leader.
func (s *Supervisor) unclaimed() []procInfo {
	var leaders []int
	for _, c := range s.components {
		for _, i := range c.seen.living() {
			leaders = append(leaders, i.PID())
		}
	}
	self := os.Getpid()
	return scanZombies(func(p procInfo) bool { return p.parent == self && !slices.Contains(leaders, p.pid) })
}
