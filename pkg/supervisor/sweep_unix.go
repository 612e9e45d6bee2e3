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
	Killed bool `json:"killed"`         // it did not end when asked
	Left   bool `json:"left,omitempty"` // still alive: it did not end when killed, or may not be signalled
}

// Leftovers lists the living processes that the run state at path records, without
// ending them. A missing file records none.
func Leftovers(path string) ([]Swept, error) {
	p, found, err := readRunState(path)
	if err != nil || !found {
		return nil, err
	}
	var list []Swept
	for _, l := range p.leftovers() {
		list = append(list, Swept{Component: l.component, Member: l.member()})
	}
	return list, nil
}

// Sweep ends the processes that the run state at path records, and everything they
// started. It asks them to end, and kills them after grace or when ctx ends. A process
// counts only if it has the recorded pid and start time, is in the group of such a
// process, or carries the ID of that run. A process that reuses a recorded pid is never
// touched. The launcher of the run state must be dead; the caller ensures that by
// holding the lock of the directory.
func Sweep(ctx context.Context, path string, grace time.Duration) ([]Swept, error) {
	p, found, err := readRunState(path)
	if err != nil || !found {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, grace)
	defer cancel()
	order := make([]int, 0)
	swept := make(map[int]*Swept)
	permitted := true
	left := p.leftovers()
	for give := time.Now().Add(grace + killTimeout); len(left) > 0 && permitted && time.Now().Before(give); left = p.leftovers() {
		permitted = ctx.Err() == nil
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
				permitted = l.signal(syscall.SIGKILL) || permitted
			}
		}
		wait := rescanInterval
		if deadline, ok := ctx.Deadline(); ok && ctx.Err() == nil {
			wait = min(wait, max(time.Millisecond, time.Until(deadline))) // ctx may not have noticed yet
		}
		awaitDeathOf(processes, wait)
	}
	for _, l := range left {
		if s := swept[l.pid]; s != nil {
			s.Left = true
		}
	}
	list := make([]Swept, len(order))
	for i, pid := range order {
		list[i] = *swept[pid]
	}
	return list, nil
}

// leftoverProcess is a living process and the component it belonged to.
type leftoverProcess struct {
	procInfo
	component string
}

// leftovers finds the recorded processes and their descendants that are still alive.
func (p runStateContent) leftovers() []leftoverProcess {
	if p.Boot == "" || p.Boot != bootID() {
		return nil
	}
	recorded := make(map[identity]string)
	for _, e := range p.Processes {
		recorded[identity{e.PID, e.Started}] = e.Component
	}
	all := listProcesses()
	leaders := make(map[int]string) // pids of recorded processes that are alive and not reused
	for id, component := range recorded {
		if started, found := startTime(id.pid); found && started == id.started {
			leaders[id.pid] = component
		}
	}
	components := make(map[int]string)
	lookup := newLookup(all, func(info procInfo) (is bool) {
		component, is := recorded[info.identity()]
		if !is {
			component, is = leaders[info.group]
		}
		if !is {
			component, is = leaders[info.session]
		}
		if !is && info.started >= p.Launcher.Started {
			component, is = p.identify(info.pid)
		}
		if is {
			components[info.pid] = component
		}
		return is
	})
	var found []leftoverProcess
	for _, info := range all.living {
		if lookup.belongs(info) {
			found = append(found, leftoverProcess{procInfo: info, component: componentAbove(info, lookup, components)})
		}
	}
	return found
}

// identify returns the component of a process that carries the ID or the tag of this
// run.
func (p runStateContent) identify(pid int) (component string, is bool) {
	if component, is = componentOf(environ(pid), p.RunID); is {
		return component, true
	}
	tag := tagOf(pid)
	if p.RunID == "" || tag == 0 || !tagIsOf(tag, p.RunID) {
		return "", false
	}
	for _, e := range p.Processes {
		if e.Tag == tag {
			return e.Component, true
		}
	}
	return "", true // of a generation that has ended
}

// componentAbove returns the component of a process, or of the nearest ancestor
// that has one.
func componentAbove(p procInfo, l *lookup, components map[int]string) string {
	for range len(l.list.living) {
		component, known := components[p.pid]
		parent, listed := l.list.byPID[p.parent]
		if known || !listed {
			return component
		}
		p = parent
	}
	return ""
}

// lookup decides which processes are members, by themselves or because an ancestor is.
type lookup struct {
	list     *processList
	decided  map[int]bool
	isMember func(procInfo) bool
}

func newLookup(list *processList, isMember func(procInfo) bool) *lookup {
	return &lookup{list: list, decided: make(map[int]bool, len(list.living)), isMember: isMember}
}

func (l *lookup) belongs(p procInfo) bool {
	belongs, decided := l.decided[p.pid]
	if decided {
		return belongs
	}
	l.decided[p.pid] = false // the list is not read at one instant, so its parents may form a cycle
	parent, listed := l.list.byPID[p.parent]
	belongs = l.isMember(p) || listed && parent.started <= p.started && l.belongs(parent)
	l.decided[p.pid] = belongs
	return belongs
}
