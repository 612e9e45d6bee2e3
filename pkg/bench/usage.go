package bench

import (
	"os"
	"time"

	"github.com/shirou/gopsutil/v4/process"
)

// Usage is what a process took during a measurement.
type Usage struct {
	Name       string  `json:"name"`
	PID        int     `json:"pid"`
	CPUSeconds float64 `json:"cpu_seconds"`
	CPUPer     float64 `json:"cpu_us_per"` // microseconds per request or delivery
	RSSBefore  uint64  `json:"rss_before_bytes"`
	RSSAfter   uint64  `json:"rss_after_bytes"`
}

// usageSince is an open measurement of processes.
type usageSince struct {
	processes []Process
	cpu       []time.Duration
	rss       []uint64
}

func startUsage(processes []Process) usageSince {
	u := usageSince{processes: processes}
	for _, p := range processes {
		cpu, rss := look(p.PID)
		u.cpu, u.rss = append(u.cpu, cpu), append(u.rss, rss)
	}
	return u
}

// end returns what the processes took, in all and for each of so many units. A
// process that is gone is left out.
func (u usageSince) end(units uint64) []Usage {
	var all []Usage
	for i, p := range u.processes {
		cpu, rss := look(p.PID)
		if rss == 0 || cpu < u.cpu[i] {
			continue
		}
		took := cpu - u.cpu[i]
		one := Usage{Name: p.Name, PID: p.PID, CPUSeconds: took.Seconds(), RSSBefore: u.rss[i], RSSAfter: rss}
		if units > 0 {
			one.CPUPer = micros(took) / float64(units)
		}
		all = append(all, one)
	}
	return all
}

// cpuPer adds up what all of them took for each unit.
func cpuPer(all []Usage) (us float64) {
	for _, u := range all {
		us += u.CPUPer
	}
	return us
}

// look returns a process's CPU time and resident memory; zeros where it is gone.
func look(pid int) (cpu time.Duration, rss uint64) {
	p, err := process.NewProcess(int32(pid))
	if err != nil {
		return 0, 0
	}
	times, err := p.Times()
	if err != nil {
		return 0, 0
	}
	memory, err := p.MemoryInfo()
	if err != nil {
		return 0, 0
	}
	return time.Duration((times.User + times.System) * float64(time.Second)), memory.RSS
}

// ownCPU is the CPU time that the measuring process has taken.
func ownCPU() time.Duration {
	cpu, _ := look(os.Getpid())
	return cpu
}
