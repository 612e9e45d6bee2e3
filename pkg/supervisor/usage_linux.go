package supervisor

import (
	"os"
	"time"
)

// ticksPerSecond is the unit of times in /proc, on every system Go runs on.
const ticksPerSecond = 100

// Usage measures the components that run as processes. The keys are their names.
func (s *Supervisor) Usage() map[string]Usage {
	all := s.scans.scan()
	usage := make(map[string]Usage)
	for _, c := range s.all() {
		for _, i := range c.record.instancesByAge() {
			p, is := i.(*process)
			if !is {
				continue
			}
			u := usage[c.spec.Name]
			for _, m := range p.family.members(all) {
				u.RSSBytes += m.rssPages * uint64(os.Getpagesize())
				u.CPU += time.Duration(m.cpuTicks) * time.Second / ticksPerSecond
			}
			usage[c.spec.Name] = u
		}
	}
	return usage
}
