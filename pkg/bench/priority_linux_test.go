package bench

import (
	"os"
	"runtime"
	"strconv"
	"testing"

	"golang.org/x/sys/unix"
)

// The policy reaches every thread, also those started during the change.
func TestBatchSchedulingReachesEveryThread(t *testing.T) {
	stop := make(chan struct{})
	defer close(stop)
	for range 8 {
		go func() {
			runtime.LockOSThread() // never unlocked: the thread ends with it
			<-stop
		}()
	}
	if !useBatchScheduling() {
		t.Skip("the policy of threads cannot be set here")
	}
	threads, err := os.ReadDir("/proc/self/task")
	if err != nil {
		t.Fatal(err)
	}
	for _, thread := range threads {
		id, err := strconv.Atoi(thread.Name())
		if err != nil {
			t.Fatal(err)
		}
		attr, err := unix.SchedGetAttr(id, 0)
		if err == nil && attr.Policy != unix.SCHED_BATCH {
			t.Errorf("thread %d has policy %d", id, attr.Policy)
		}
	}
}

func TestOnlyHeavyLoadsUseBatchScheduling(t *testing.T) {
	for _, test := range []struct {
		name        string
		connections int
		rate        float64
	}{
		{"one connection", 1, 0},
		{"a steady rate", 2 * runtime.NumCPU(), 1e6},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := newSystem(t)
			api, err := newEndpoint(t.Context(), s.target().API, credentials{})
			if err != nil {
				t.Fatal(err)
			}
			l, err := RestConfig{Method: MethodPost, Connections: test.connections, Requests: 10, Duration: enough}.load(api, nil)
			if err != nil {
				t.Fatal(err)
			}
			l.rate = test.rate
			out, err := l.run(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if out.batchScheduled {
				t.Error("a light load was batch scheduled")
			}
		})
	}
}
