package bench

import (
	"os"
	"time"

	"github.com/shirou/gopsutil/v4/process"
)

// Usage is the CPU time and memory of a process during a measurement.
type Usage struct {
	Name       string  `json:"name"`
	PID        int     `json:"pid"`
	CPUSeconds float64 `json:"cpu_seconds"`
	CPUPer     float64 `json:"cpu_us_per"` // microseconds per request or delivery
	RSSBefore  uint64  `json:"rss_before_bytes"`
	RSSAfter   uint64  `json:"rss_after_bytes"`
}

// usageSince holds the values at the start of a measurement.
type usageSince struct {
	processes []Process
	cpu       []time.Duration
	rss       []uint64
}

func startUsage(processes []Process) usageSince {
	u := usageSince{processes: processes}
	for _, p := range processes {
		cpu, rss := inspect(p.PID)
		u.cpu, u.rss = append(u.cpu, cpu), append(u.rss, rss)
	}
	return u
}

// end returns the usage since the start, in total and per unit. It leaves out
// processes that have ended.
func (u usageSince) end(units uint64) []Usage {
	var all []Usage
	for i, p := range u.processes {
		cpu, rss := inspect(p.PID)
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

// cpuPer adds up the CPU time per unit of all processes.
func cpuPer(all []Usage) (us float64) {
	for _, u := range all {
		us += u.CPUPer
	}
	return us
}

// inspect returns a process's CPU time and resident memory; zeros if it has ended.
func inspect(pid int) (cpu time.Duration, rss uint64) {
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

// ownCPU returns the CPU time of this process.
func ownCPU() time.Duration {
	cpu, _ := inspect(os.Getpid())
	return cpu
}
