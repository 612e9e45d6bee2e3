package e2e

import (
	"context"
	"flag"
	"fmt"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"taskctl/cmd/taskctl/e2etest"
	"taskctl/pkg/wait/waittest"
)

var commandRounds = flag.Int("command-rounds", 10, "rounds of commands side by side")

// commandTimeout is much longer than any command needs. A command that reaches it waits
// for a launcher that has ended.
const commandTimeout = 50 * time.Second

// TestCommandsSideBySide runs conflicting commands in one directory at the same time.
// Each ends with a valid exit code, and no process is left.
func TestCommandsSideBySide(t *testing.T) {
	dir := e2etest.Dir(t)
	t.Cleanup(func() { run(t, dir, "stop") })
	allowed := map[string][]int{
		"start -d --no-test-task": {0, 1, 6}, // 1: stopped before it was ready
		"stop":                    {0, 7},
		"restart api":             {0, 1, 7, 8}, // 1: stopped before it was restarted
		"reload":                  {0, 1, 7, 8}, // 8: the launcher is just starting or stopping
		"status":                  {0, 7, 8},
	}
	for round := range *commandRounds {
		var commands sync.WaitGroup
		for command, codes := range allowed {
			for range 1 + round%2 {
				commands.Go(func() {
					out, code := bounded(t, dir, command)
					if !slices.Contains(codes, code) {
						t.Errorf("round %d: %s: exit %d\n%s", round, command, code, out)
					}
				})
			}
		}
		commands.Wait()
		if t.Failed() {
			return
		}
	}
	if out, code := bounded(t, dir, "stop"); code != 0 && code != 7 {
		t.Errorf("the last stop: exit %d\n%s", code, out)
	}
	if out, code := bounded(t, dir, "start -d"); code != 0 {
		t.Errorf("a start after it all: exit %d\n%s", code, out)
	}
}

// bounded runs a command, which fails the test if it does not end.
func bounded(t *testing.T, dir, command string) (output string, code int) {
	ctx, cancel := context.WithTimeout(t.Context(), commandTimeout)
	defer cancel()
	cmd := exec.CommandContext(ctx, binary, strings.Fields(command)...)
	cmd.Dir, cmd.Env = dir, e2etest.Environ()
	out, err := cmd.CombinedOutput()
	if ctx.Err() != nil {
		return fmt.Sprintf("it does not end: %v\n%s", err, out), -1
	}
	return string(out), cmd.ProcessState.ExitCode()
}

// A `start -d` that another command stops before it is ready has not succeeded.
func TestDetachedStartThatIsStopped(t *testing.T) {
	dir := e2etest.Dir(t)
	slow := "components: [{name: slow, command: [sh, -c, 'sleep 4; echo up; sleep 1000'], ready: {log: up}}]\n"
	writeSettings(t, dir, slow)
	started := piped(t, dir, nil, "start", "-d", "--no-test-task")
	waittest.For(t, "the slow component to start", func() bool { return statusOf(t, dir).pid("slow") > 0 })
	if out, code := bounded(t, dir, "stop"); code != 0 {
		t.Errorf("stop: exit %d\n%s", code, out)
	}
	if <-started.exited; started.code != 1 {
		t.Errorf("start -d: exit %d, want 1\n%s", started.code, started.out)
	}
	want(t, started.out.String(), "stopped before it was ready")
}
