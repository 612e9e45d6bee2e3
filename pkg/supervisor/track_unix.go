//go:build linux || darwin

package supervisor

import (
	"context"
	"time"
)

// trackInterval is how often new descendants are recorded in the run state: as often as
// the health checks.
const trackInterval = defaultProbeEvery

// track records the descendants of all components until ctx ends. It skips a round if
// no process at all was started since the last one.
func (s *Supervisor) track(ctx context.Context) {
	ticker := time.NewTicker(trackInterval)
	defer ticker.Stop()
	for last := ""; ; {
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return
		}
		if newest := newestProcess(); newest == "" || newest != last {
			last = newest
			s.recordDescendants()
		}
	}
}

// recordDescendants writes the descendants of each component to the run state.
func (s *Supervisor) recordDescendants() {
	list := s.scans.scan()
	found := make(map[generationKey][]procInfo)
	for _, c := range s.all() {
		for number, i := range c.record.living() {
			if p, is := i.(*process); is {
				found[generationKey{c.spec.Name, number}] = p.family.members(list)
			}
		}
	}
	if err := s.options.RunState.setDescendants(found); err != nil {
		s.options.Logger.Warn("run state not written", "error", err)
	}
}
