package consumer

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"os/exec"
	"time"

	"taskctl/pkg/client"
	"taskctl/pkg/command"
	"taskctl/pkg/wait"
)

const (
	execRetryDelay    = 250 * time.Millisecond // after the first failure; doubles up to maxExecRetryDelay, with jitter
	maxExecRetryDelay = 30 * time.Second
)

// command writes the event's line, runs the command for it, and saves the
// checkpoint after the command has succeeded.
func (c *Consumer) command(ctx context.Context, o *output, e client.Event) error {
	if err := o.write(); err != nil {
		return err
	}
	input := appendRaw(nil, e.Raw)
	for attempt := 1; ; attempt++ {
		err := c.shell(ctx, input)
		if err == nil {
			o.done(e.Position)
			return o.flush()
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if attempt == c.cfg.MaxAttempts {
			return fmt.Errorf("run command for event %d, %d times: %w", e.Position.Seq, attempt, err)
		}
		delay := min(execRetryDelay<<min(attempt-1, 10), maxExecRetryDelay)
		delay += rand.N(delay)
		c.reporter.print(c.deps.Lang.ConsumerExecRetry(e.Position.Seq, err.Error(), delay))
		if !wait.Sleep(ctx, delay) {
			return ctx.Err()
		}
	}
}

// shell runs the command once.
func (c *Consumer) shell(ctx context.Context, input []byte) error {
	return command.Run(ctx, command.Shell(c.cfg.Exec), func(cmd *exec.Cmd) {
		cmd.Stdin, cmd.Env = bytes.NewReader(input), c.cfg.ExecEnv
		cmd.Stdout, cmd.Stderr = c.deps.Stdout, c.deps.Stderr
	})
}
