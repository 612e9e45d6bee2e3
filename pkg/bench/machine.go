package bench

import (
	"runtime"

	"github.com/shirou/gopsutil/v4/cpu"
)

// Machine is where a report was made.
type Machine struct {
	CPUs int    `json:"cpus"`
	CPU  string `json:"cpu,omitempty"`
	OS   string `json:"os"`
	Go   string `json:"go"`
}

func thisMachine() Machine {
	m := Machine{CPUs: runtime.NumCPU(), OS: runtime.GOOS + "/" + runtime.GOARCH, Go: runtime.Version()}
	if info, err := cpu.Info(); err == nil && len(info) > 0 {
		m.CPU = info[0].ModelName
	}
	return m
}
