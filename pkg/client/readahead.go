package client

import (
	"context"
	"iter"
	"sync"
)

// Received is a notification of a subscription, or its final error.
type Received struct {
	Notification Notification
	Err          error
}

// ReadAhead runs a subscription in a goroutine of its own, so that pings are answered
// while the caller handles a notification. Up to size of them wait in the queue, which
// is not closed when the subscription ends. stop ends the subscription and waits for it.
func ReadAhead(ctx context.Context, size int, subscribe func(context.Context) iter.Seq2[Notification, error]) (queue <-chan Received, stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	received := make(chan Received, size)
	var reader sync.WaitGroup
	reader.Go(func() {
		for n, err := range subscribe(ctx) {
			select {
			case received <- Received{n, err}:
			case <-ctx.Done():
				return
			}
		}
	})
	return received, func() {
		cancel()
		reader.Wait()
	}
}
