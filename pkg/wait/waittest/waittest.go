// Package waittest lets tests wait for a condition that no channel reports.
package waittest

import "time"

// Timeout bounds every wait. It is much longer than a loaded machine needs.
const Timeout = time.Minute

const pollInterval = 5 * time.Millisecond

// T is the part of testing.TB that a wait needs. A *testscript.TestScript has it too.
type T interface {
	Fatalf(format string, args ...any)
}

// For waits until condition is true. It ends the test after Timeout; what names the
// condition in its message.
func For(t T, what string, condition func() bool) {
	if h, ok := t.(interface{ Helper() }); ok {
		h.Helper()
	}
	deadline := time.NewTimer(Timeout)
	defer deadline.Stop()
	tick := time.NewTicker(pollInterval)
	defer tick.Stop()
	for !condition() {
		select {
		case <-tick.C:
		case <-deadline.C:
			t.Fatalf("timeout after %v: %s", Timeout, what)
		}
	}
}
