//go:build linux || darwin

package supervisor

import (
	"os"
	"slices"
	"testing"

	"taskctl/pkg/wait"
	"taskctl/pkg/wait/waittest"
)

func TestCallersShareTheNextReading(t *testing.T) {
	var s processScans
	s.reading.Lock() // a reading is in progress
	first := make(chan *processList)
	go func() { first <- s.scan() }()
	waittest.For(t, "the next reading has its first caller", func() bool {
		s.mu.Lock()
		defer s.mu.Unlock()
		return s.next != nil
	})
	s.mu.Lock()
	next := s.next
	s.mu.Unlock()
	if wait.IsClosed(next.done) {
		t.Error("the reading in progress was used, which may not list what the caller has started")
	}
	s.reading.Unlock()
	list := <-first
	if list != next.list || len(list.living) == 0 {
		t.Errorf("the first caller got %p with %d processes, want %p", list, len(list.living), next.list)
	}

	waiting := &processScan{done: make(chan struct{}), list: &processList{}}
	s.next = waiting // as if its reading had not begun
	second := make(chan *processList)
	go func() { second <- s.scan() }()
	close(waiting.done)
	if list := <-second; list != waiting.list {
		t.Error("a caller did not share the next reading")
	}
	s.next = nil
	if list := s.scan(); list == waiting.list {
		t.Error("a caller got a reading that was over")
	}
}

func TestDescendantsOfAList(t *testing.T) {
	process := func(pid, parent int, started uint64) procInfo {
		return procInfo{pid: pid, parent: parent, started: started}
	}
	list := &processList{byParent: map[int][]procInfo{
		10: {process(20, 10, 5), process(12, 10, 6)},
		20: {process(21, 20, 7), process(10, 20, 5)}, // the pid 10 again: the list is not of one instant
		12: {process(13, 12, 4)},                     // older than its parent, whose pid was reused
		99: {process(98, 99, 9)},
	}}
	var pids []int
	for _, p := range list.withDescendants([]procInfo{process(10, 1, 5), process(20, 10, 5)}) {
		pids = append(pids, p.pid)
	}
	if want := []int{10, 12, 20, 21}; !slices.Equal(pids, want) {
		t.Errorf("found %v, want %v", pids, want)
	}
}

// TestAFamilyIsFoundByItsMarks has orphans that this process has adopted: they count for
// the generation whose ID or tag they carry, if they are not older than it.
func TestAFamilyIsFoundByItsMarks(t *testing.T) {
	self := os.Getpid()
	orphan := func(pid int, started uint64, id string, tag uint64) adoptedProcess {
		return adoptedProcess{procInfo: procInfo{pid: pid, parent: self, started: started}, id: id, tag: tag}
	}
	list := &processList{adopted: func() []adoptedProcess {
		return []adoptedProcess{
			orphan(1, 5, "ours", 0), orphan(2, 5, "other", 7), orphan(3, 5, "", 7), orphan(4, 5, "", 8), orphan(5, 3, "ours", 0), orphan(6, 5, "", 0),
		}
	}}
	for tag, want := range map[uint64][]int{7: {1, 3}, 0: {1}} {
		f := family{id: "ours", main: identity{100, 4}, tag: tag}
		var pids []int
		for _, p := range f.members(list) {
			pids = append(pids, p.pid)
		}
		if !slices.Equal(pids, want) {
			t.Errorf("with tag %d: found %v, want %v", tag, pids, want)
		}
	}
}
