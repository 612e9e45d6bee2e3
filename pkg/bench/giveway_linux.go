package bench

import (
	"errors"
	"os"
	"strconv"

	"golang.org/x/sys/unix"
)

// giveWay has the threads of this process wait, when they are woken, for whoever
// has the core (SCHED_BATCH, sched(7)), and reports whether they do. On one machine
// an answer wakes the client on the server's core, and it would take that core
// before the next answer is written, which a client on a machine of its own does
// not. Only for loads that leave no core idle: with fewer requests under way, the
// client would wait for a server that merely looks for work.
func giveWay() bool {
	// A thread inherits the policy, so those that a thread of before starts
	// meanwhile are the only ones that a pass can miss.
	for again := true; again; {
		again = false
		threads, err := os.ReadDir("/proc/self/task")
		if err != nil {
			return false
		}
		for _, thread := range threads {
			id, err := strconv.Atoi(thread.Name())
			if err != nil {
				return false
			}
			attr, err := unix.SchedGetAttr(id, 0)
			if err == nil && attr.Policy != unix.SCHED_BATCH {
				err = unix.SchedSetAttr(id, &unix.SchedAttr{Policy: unix.SCHED_BATCH}, 0)
				again = true
			}
			if err != nil && !errors.Is(err, unix.ESRCH) { // it has ended
				return false
			}
		}
	}
	return true
}
