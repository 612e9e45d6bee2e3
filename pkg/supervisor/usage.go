package supervisor

import "time"

// Usage is the sum of what the living processes of a component use.
type Usage struct {
	RSSBytes uint64
	CPU      time.Duration // since they were started, including children they have reaped
}
