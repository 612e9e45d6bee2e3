package consumer

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"os/exec"
	"runtime"
	"syscall"
	"time"

	"github.com/taskctl/taskctl/pkg/client"
)

const (
	execAttempts = 5
	execPause    = 250 * time.Millisecond // after the first failure; doubles, with jitter
	execGrace    = 5 * time.Second        // for a running command when the consumer stops
)

// command runs the command for one event, whose line is out by then, and makes
// the checkpoint say so when the command has succeeded.
func (c *Consumer) command(ctx context.Context, j *journal, e client.Event) error {
	if err := j.print(); err != nil {
		return err
	}
	input := appendRaw(nil, e.Raw)
	for attempt := 1; ; attempt++ {
		err := c.shell(ctx, input)
		if err == nil {
			j.move(e.Position)
			return j.flush()
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if attempt == execAttempts {
			return fmt.Errorf("run command for event %d, %d times: %w", e.Position.Seq, attempt, err)
		}
		wait := execPause << (attempt - 1)
		wait += rand.N(wait)
		c.voice.say(c.deps.Lang.ConsumerExecRetry(e.Position.Seq, err.Error(), wait))
		if !pause(ctx, wait) {
			return ctx.Err()
		}
	}
}

// shell runs the command once. When ctx ends, it and what it has started are asked
// to stop. It is killed if it has not within execGrace, and what it leaves behind
// when it is gone; its event is then not done, unless it succeeded.
func (c *Consumer) shell(ctx context.Context, input []byte) error {
	shell, flag := "sh", "-c"
	if runtime.GOOS == "windows" {
		shell, flag = "cmd", "/C"
	}
	cmd := exec.CommandContext(ctx, shell, flag, c.cfg.Exec)
	cmd.Stdin = bytes.NewReader(input)
	cmd.Stdout, cmd.Stderr = c.deps.Stdout, c.deps.Stderr
	ownGroup(cmd)
	cmd.Cancel = func() error { return signalGroup(cmd, syscall.SIGTERM) }
	cmd.WaitDelay = execGrace
	err := cmd.Run()
	if ctx.Err() != nil && cmd.Process != nil {
		_ = signalGroup(cmd, syscall.SIGKILL) // what the command has left
	}
	return err
}
