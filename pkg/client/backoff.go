package client

import (
	"context"
	"math/rand/v2"
	"time"
)

// backoff spreads attempts with full jitter: each wait is drawn from nothing up
// to a bound that doubles, so that many clients cut off at once come back apart.
type backoff struct {
	min, max time.Duration
}

// wait draws the pause before attempt n, counted from 0 after the last success.
func (b backoff) wait(n int) time.Duration {
	return rand.N(b.bound(n)) + 1
}

func (b backoff) bound(n int) time.Duration {
	bound := b.min
	for ; n > 0 && bound < b.max; n-- {
		bound *= 2
	}
	return min(bound, b.max)
}

// sleep waits, and reports whether ctx is still alive afterwards.
func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return ctx.Err() == nil
	case <-ctx.Done():
		return false
	}
}
