package bench

import (
	"errors"
	"os"
	"strconv"

	"golang.org/x/sys/unix"
)

// useBatchScheduling gives every thread of this process the SCHED_BATCH policy
// (sched(7)) and reports whether it succeeded. On one machine an answer wakes the
// client on the server's core. A normal thread would preempt the server there
// before it writes the next answer, which a client on another machine cannot do.
// Use it only for loads that leave no core idle: with fewer concurrent requests
// the client would wait for a server thread that is only looking for work.
func useBatchScheduling() bool {
	// A new thread inherits the policy of the thread that starts it, so a pass can
	// only miss threads that were started by a thread it had not reached yet.
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
			if err != nil && !errors.Is(err, unix.ESRCH) { // the thread has ended
				return false
			}
		}
	}
	return true
}
