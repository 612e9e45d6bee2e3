package supervisor

import (
	"context"
	"fmt"
	"os"
	"slices"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// claimTimeout is how long a dead child is left for the code that started it to reap.
// After it, the child counts as an adopted orphan.
const claimTimeout = time.Second

// adoptOrphans makes this process the parent of every descendant whose own parent ends
// (a "subreaper"), so that descendants can always be found.
func (s *Supervisor) adoptOrphans() error {
	if s.options.ChildDied == nil {
		return nil
	}
	if err := unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); err != nil {
		return fmt.Errorf("become the parent of orphans: %w", err)
	}
	return nil
}

// reapOrphans reaps adopted processes that have died; they would accumulate as zombies.
// It looks for them whenever a child of this process dies, and skips the children that
// other code of this process has started and waits for. It returns when ctx ends.
func (s *Supervisor) reapOrphans(ctx context.Context) {
	for {
		select {
		case <-s.options.ChildDied: // nil: never
		case <-ctx.Done():
			return
		}
		dead := s.unclaimed(s.scans.scan().dead)
		if len(dead) == 0 {
			continue
		}
		select {
		case <-time.After(claimTimeout):
		case <-ctx.Done():
			return
		}
		for _, p := range s.unclaimed(s.scans.scan().dead) {
			if slices.ContainsFunc(dead, func(d procInfo) bool { return d.identity() == p.identity() }) {
				// WNOHANG, and only this pid: it is a zombie that only this process can
				// reap.
				_, _ = syscall.Wait4(p.pid, nil, syscall.WNOHANG, nil)
			}
		}
	}
}

// unclaimed returns the children of this process that are not the main
// process of a generation.
func (s *Supervisor) unclaimed(all []procInfo) []procInfo {
	var mains []int
	for _, c := range s.all() {
		for _, i := range c.record.instancesByAge() {
			mains = append(mains, i.PID())
		}
	}
	self := os.Getpid()
	return slices.DeleteFunc(all, func(p procInfo) bool { return p.parent != self || slices.Contains(mains, p.pid) })
}

// endOrphans ends the processes that are still descendants of this one after all
// components have ended. It is unknown to which component they belonged.
func (s *Supervisor) endOrphans() {
	if s.options.ChildDied == nil {
		return
	}
	began := time.Now()
	permitted := true
	for left := s.unknownOrphans(); len(left) > 0 && time.Since(began) < killTimeout && permitted; left = s.unknownOrphans() {
		permitted = false
		for _, p := range left {
			s.options.Logger.Warn("orphan of an unknown component ended", "process", p.member().String())
			sig := syscall.SIGTERM
			if time.Since(began) > orphanGrace {
				sig = syscall.SIGKILL
			}
			permitted = p.signal(sig) || permitted
		}
		awaitDeathOf(left, rescanInterval)
	}
	s.orphans = membersOf(s.unknownOrphans())
}

// unknownOrphans returns the adopted processes that the receipt does not list as left by
// a component.
func (s *Supervisor) unknownOrphans() []procInfo {
	listed := make(map[int]bool)
	for _, e := range s.Receipt() {
		for _, m := range e.Left {
			listed[m.PID] = true
		}
	}
	return slices.DeleteFunc(s.unclaimed(listProcesses().living), func(p procInfo) bool { return listed[p.pid] })
}
