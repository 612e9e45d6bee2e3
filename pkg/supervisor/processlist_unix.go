//go:build linux || darwin

package supervisor

import (
	"cmp"
	"os"
	"slices"
	"sync"
)

// processList is the processes of this machine as listed at one time. It is not changed
// afterwards.
type processList struct {
	living []procInfo // without this process
	dead   []procInfo // not reaped yet

	byPID                        map[int]procInfo
	byParent, byGroup, bySession map[int][]procInfo
	adopted                      func() []adoptedProcess
}

// adoptedProcess is a child of this process, with what its environment and its limits
// say about the generation that it belongs to.
type adoptedProcess struct {
	procInfo
	id  string // empty: unknown
	tag uint64 // 0: unknown, or the ID is known
}

func listProcesses() *processList {
	l := &processList{
		byPID: make(map[int]procInfo), byParent: make(map[int][]procInfo),
		byGroup: make(map[int][]procInfo), bySession: make(map[int][]procInfo),
	}
	l.living, l.dead = readProcesses()
	for _, p := range l.living {
		l.byPID[p.pid] = p
		l.byParent[p.parent] = append(l.byParent[p.parent], p)
		l.byGroup[p.group] = append(l.byGroup[p.group], p)
		l.bySession[p.session] = append(l.bySession[p.session], p)
	}
	l.adopted = sync.OnceValue(l.readAdopted)
	return l
}

// readAdopted looks at each child of this process: an orphan has been adopted by it, see
// adoptOrphans.
func (l *processList) readAdopted() []adoptedProcess {
	var found []adoptedProcess
	for _, p := range l.byParent[os.Getpid()] {
		a := adoptedProcess{procInfo: p, id: generationIDIn(environ(p.pid))}
		if a.id == "" {
			a.tag = tagOf(p.pid)
		}
		found = append(found, a)
	}
	return found
}

// withDescendants returns the given processes and all their descendants, by pid.
func (l *processList) withDescendants(roots []procInfo) []procInfo {
	var found []procInfo
	seen := make(map[int]bool)
	for next := roots; len(next) > 0; {
		p := next[0]
		next = next[1:]
		if seen[p.pid] {
			continue
		}
		seen[p.pid] = true
		found = append(found, p)
		for _, c := range l.byParent[p.pid] {
			if p.started <= c.started { // else the parent has ended, and its pid was reused
				next = append(next, c)
			}
		}
	}
	slices.SortFunc(found, func(a, b procInfo) int { return cmp.Compare(a.pid, b.pid) })
	return found
}

// processScans lists the processes for many components at once. A nil *processScans
// lists them for each.
type processScans struct {
	reading sync.Mutex // held while the processes are read

	mu   sync.Mutex
	next *processScan // its reading has not begun; nil: nobody waits for one
}

type processScan struct {
	done chan struct{}
	list *processList
}

// scan returns a list whose reading begins after the call. Callers that wait for a
// reading in progress share the one after it.
func (s *processScans) scan() *processList {
	if s == nil {
		return listProcesses()
	}
	s.mu.Lock()
	if shared := s.next; shared != nil {
		s.mu.Unlock()
		<-shared.done
		return shared.list
	}
	own := &processScan{done: make(chan struct{})}
	s.next = own
	s.mu.Unlock()

	s.reading.Lock()
	s.mu.Lock()
	s.next = nil
	s.mu.Unlock()
	own.list = listProcesses()
	s.reading.Unlock()
	close(own.done)
	return own.list
}
