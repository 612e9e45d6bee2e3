//go:build linux || darwin

package supervisor

import "sync"

// family finds the processes of one generation: the main process and all its
// descendants, even those that have changed their group, session or environment.
type family struct {
	id   string // of the generation
	main identity
	tag  uint64

	mu    sync.Mutex
	known []identity // found earlier, while their parent was alive
}

// members returns those of the listed processes that belong to the family, by pid.
func (f *family) members(list *processList) []procInfo {
	f.mu.Lock()
	defer f.mu.Unlock()
	var roots []procInfo
	for _, id := range append(f.known, f.main) {
		if p, listed := list.byPID[id.pid]; listed && p.identity() == id && p.started >= f.main.started {
			roots = append(roots, p)
		}
	}
	roots = append(roots, list.byGroup[f.main.pid]...)
	roots = append(roots, list.bySession[f.main.pid]...)
	for _, p := range list.adopted() {
		if p.started >= f.main.started && f.marked(p) {
			roots = append(roots, p.procInfo)
		}
	}
	found := list.withDescendants(roots)
	f.known = make([]identity, len(found))
	for i, p := range found {
		f.known[i] = p.identity()
	}
	return found
}

// marked reports that a process carries the ID of the generation, or its tag.
func (f *family) marked(p adoptedProcess) bool {
	if p.id != "" {
		return p.id == f.id
	}
	return f.tag != 0 && p.tag == f.tag
}
