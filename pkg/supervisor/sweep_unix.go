//go:build linux || darwin

package supervisor

import (
	"context"
	"syscall"
	"time"
)

// Swept is a process that a dead launcher had left.
type Swept struct {
	Component string `json:"component"`
	Member
	Killed bool `json:"killed"` // it did not end when asked
}

// Leftovers lists what is alive of the processes that the ledger at path
// records, without touching it. A missing ledger records nothing.
func Leftovers(path string) ([]Swept, error) {
	p, found, err := readPage(path)
	if err != nil || !found {
		return nil, err
	}
	var list []Swept
	for _, l := range p.leftovers() {
		list = append(list, Swept{Component: l.component, Member: l.member()})
	}
	return list, nil
}

// Sweep ends what is left of the processes that the ledger at path records, and
// everything they started: it asks, and after grace, or when ctx ends, it kills.
// A process counts only if it has the recorded pid and start time, is in the
// group of such a process, or carries the mark of that run; another that got a
// recorded pid later is never touched. Only for a ledger whose launcher is
// dead, which the caller knows by holding its lock.
func Sweep(ctx context.Context, path string, grace time.Duration) ([]Swept, error) {
	p, found, err := readPage(path)
	if err != nil || !found {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, grace)
	defer cancel()
	order := make([]int, 0)
	swept := make(map[int]*Swept)
	for give := time.Now().Add(grace + abandonAfter); time.Now().Before(give); {
		left := p.leftovers()
		if len(left) == 0 {
			break
		}
		processes := make([]procInfo, len(left))
		for i, l := range left {
			processes[i] = l.procInfo
			s := swept[l.pid]
			if s == nil {
				s = &Swept{Component: l.component, Member: l.member()}
				swept[l.pid] = s
				order = append(order, l.pid)
				l.signal(syscall.SIGCONT)
				l.signal(syscall.SIGTERM)
			}
			if ctx.Err() != nil {
				s.Killed = true
				l.signal(syscall.SIGKILL)
			}
		}
		wait := rescanEvery
		if deadline, ok := ctx.Deadline(); ok && ctx.Err() == nil {
			wait = min(wait, max(time.Millisecond, time.Until(deadline))) // it may be over, and ctx not know yet
		}
		awaitDeathOf(processes, wait)
	}
	list := make([]Swept, len(order))
	for i, pid := range order {
		list[i] = *swept[pid]
	}
	return list, nil
}

// leftover is a living process and the component it belonged to.
type leftover struct {
	procInfo
	component string
}

// leftovers finds what is alive of a page's processes.
func (p page) leftovers() []leftover {
	if p.Boot == "" || p.Boot != bootID() {
		return nil
	}
	type identity struct {
		pid     int
		started uint64
	}
	recorded := make(map[identity]string)
	for _, e := range p.Processes {
		recorded[identity{e.PID, e.Started}] = e.Component
	}
	groups := make(map[int]string) // whose leader still is the recorded one
	for id, component := range recorded {
		if started, found := startTime(id.pid); found && started == id.started {
			groups[id.pid] = component
		}
	}
	var found []leftover
	scan(func(info procInfo) bool {
		component, is := recorded[identity{info.pid, info.started}]
		if !is {
			component, is = groups[info.group]
		}
		if !is && info.started >= p.Launcher.Started {
			component, is = componentOf(environ(info.pid), p.Mark)
		}
		if is {
			found = append(found, leftover{procInfo: info, component: component})
		}
		return false
	})
	return found
}
