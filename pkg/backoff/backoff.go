// Package backoff computes the pauses between attempts.
package backoff

import (
	"math/rand/v2"
	"time"
)

// Policy spreads attempts with full jitter: each delay is random, between zero and a
// bound that doubles, so that many clients that were disconnected together do not
// reconnect together.
type Policy struct {
	Min, Max time.Duration // the first bound and the last; both positive
}

// Delay returns a random pause before attempt n, counted from 0 after the last success.
func (p Policy) Delay(n int) time.Duration {
	return rand.N(p.bound(n)) + 1
}

func (p Policy) bound(n int) time.Duration {
	bound := p.Min
	for ; n > 0 && bound < p.Max; n-- {
		bound *= 2
	}
	return min(bound, p.Max)
}
