package components

import (
	"context"
	"errors"
	"log/slog"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"taskctl/pkg/supervisor/child"
)

// A component that is slow with its health check is healthy; one that fails it, or takes
// longer than the timeout, reports nothing until it succeeds again.
func TestReportAlive(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var reports atomic.Int64
		var takes atomic.Int64 // how long a check takes
		var fails atomic.Bool
		h := child.New(child.Parts{Send: func(line string) {
			if line == child.LineAlive {
				reports.Add(1)
			}
		}})
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() {
			defer close(done)
			reportAlive(ctx, h, slog.New(slog.DiscardHandler), func(ctx context.Context) error {
				select {
				case <-time.After(time.Duration(takes.Load())):
				case <-ctx.Done():
					return ctx.Err()
				}
				if fails.Load() {
					return errors.New("ill")
				}
				return nil
			})
		}()
		during := func(d time.Duration) int64 {
			before := reports.Load()
			time.Sleep(d)
			return reports.Load() - before
		}
		time.Sleep(aliveInterval / 2)
		if n := during(10 * aliveInterval); n != 10 {
			t.Errorf("healthy: %d reports in 10 s", n)
		}
		takes.Store(int64(healthTimeout - time.Second))
		if n := during(30 * aliveInterval); n != 30 {
			t.Errorf("slow: %d reports in 30 s", n)
		}
		takes.Store(int64(time.Hour))
		time.Sleep(2*healthTimeout + 2*aliveInterval)
		if n := during(10 * aliveInterval); n != 0 {
			t.Errorf("stuck: %d reports in 10 s", n)
		}
		takes.Store(0)
		time.Sleep(healthTimeout + 2*aliveInterval)
		if n := during(10 * aliveInterval); n != 10 {
			t.Errorf("healthy again: %d reports in 10 s", n)
		}
		fails.Store(true)
		time.Sleep(2 * aliveInterval)
		if n := during(10 * aliveInterval); n != 0 {
			t.Errorf("ill: %d reports in 10 s", n)
		}
		stop()
		<-done
	})
}
