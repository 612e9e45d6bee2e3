package components

import (
	"context"
	"log/slog"
	"time"

	"taskctl/pkg/supervisor/child"
)

const (
	// aliveInterval is how often a component reports that it is healthy. It is shorter
	// than the launcher's probe interval.
	aliveInterval = time.Second
	// healthTimeout bounds one health check. It is long, because a server with too much
	// to do is not ill, and a restart would disconnect its clients.
	healthTimeout = 10 * time.Second
)

// reportAlive reports to the launcher until ctx ends, as long as check succeeds or has
// not failed yet. By hand there is no launcher, and it does nothing. The reports come
// through a pipe: a check from outside would compete with the component's clients.
func reportAlive(ctx context.Context, h *child.Handle, logger *slog.Logger, check func(context.Context) error) {
	if h == nil {
		return
	}
	ticker := time.NewTicker(aliveInterval)
	defer ticker.Stop()
	results := make(chan error, 1)
	healthy, checking := true, false
	for {
		select {
		case <-ticker.C:
		case err := <-results:
			if healthy, checking = err == nil, false; !healthy && ctx.Err() == nil {
				logger.Warn("health check failed", "error", err)
			}
			continue
		case <-ctx.Done():
			return
		}
		if healthy {
			h.Alive()
		}
		if !checking {
			checking = true
			go func() {
				checkCtx, cancel := context.WithTimeout(ctx, healthTimeout)
				defer cancel()
				results <- check(checkCtx)
			}()
		}
	}
}

// running is the health check of a component that serves no requests.
func running(context.Context) error { return nil }
