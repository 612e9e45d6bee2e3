package postgres

import (
	"context"
	"errors"
	"time"

	"taskctl/pkg/backoff"
	"taskctl/pkg/wait"
)

// betweenAttempts is the pause between attempts to connect. It is short enough for the
// store to serve within a second after the server is back.
func betweenAttempts() backoff.Policy {
	return backoff.Policy{Min: 20 * time.Millisecond, Max: 400 * time.Millisecond}
}

// await runs do once, or, with Options.OnWaiting, until it succeeds or fails with an
// error that is not temporary.
func (c *connector) await(ctx context.Context, do func(context.Context) error) error {
	said := ""
	for failures := 0; ; failures++ {
		err := do(ctx)
		if err == nil || ctx.Err() != nil {
			return errors.Join(err, ctx.Err())
		}
		var problem *ServerError
		if !errors.As(err, &problem) || !problem.Temporary() || c.options.OnWaiting == nil {
			return err
		}
		if text := cause(problem.Err); failures == 0 || text != said {
			said = text
			c.options.OnWaiting(problem)
		}
		if !wait.Sleep(ctx, betweenAttempts().Delay(failures)) {
			return errors.Join(err, ctx.Err())
		}
	}
}
