package e2e

import (
	"fmt"
	"os/exec"
	"strings"
	"testing"

	"taskctl/cmd/taskctl/e2etest"

	"taskctl/pkg/wait/waittest"
)

// TestStubbornComponents stops components that ignore the request to end, or whose
// children do, and checks the messages on the terminal.
func TestStubbornComponents(t *testing.T) {
	if _, err := exec.LookPath("setsid"); err != nil {
		t.Skip("no setsid here")
	}
	const ignoring = "trap '' TERM; while :; do sleep 2000; done" // while sleep runs, the trap is set
	for _, tt := range []struct {
		name, command, receipt string
		code                   int
	}{
		{"the process itself", ignoring, `KILLED +SIGKILL`, 3},
		{"its child", `sh -c "` + ignoring + `" & exec sleep 1000`, `KILLED +SIGTERM, but its child processes had to be killed`, 3},
		{"one that left its group and holds the pipe", `setsid sh -c "` + ignoring + `" & exec sleep 1000`, `KILLED +SIGTERM, but its child processes had to be killed`, 3},
		{"one that left its group, and goes when asked", `setsid sleep 2000 & exec sleep 1000`, `stopped +SIGTERM`, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel() // it mostly waits
			dir := e2etest.Dir(t)
			writeConfig(t, dir, fmt.Sprintf(`
components:
  - name: stubborn
    command: [sh, -c, %q]
    stop: {timeout: 1200ms}
`, tt.command))
			p := startedIn(t, dir, "--no-test-task")
			waittest.For(t, "its children", func() bool { return len(living(t, dir, "sleep 2000")) > 0 })
			p.ctrlC(t)
			code := p.exit(t)
			if code != tt.code {
				t.Errorf("exit code %d, want %d", code, tt.code)
			}
			said := p.out.String()
			if waits := strings.Contains(said, "waiting for stubborn ("); waits != (tt.code == 3) {
				t.Errorf("says on whom it waits: %v", waits)
			}
			want(t, said, "stubborn +"+tt.receipt)
			if left := living(t, dir, ""); len(left) > 0 {
				t.Errorf("left: %v", left)
			}
		})
	}
}

// TestFiftyMegabytesAtOnce makes a component print more than a pipe or a log file
// holds: no line may be missing, and nothing may block.
func TestFiftyMegabytesAtOnce(t *testing.T) {
	t.Parallel()
	dir := e2etest.Dir(t)
	const lines = 1_000_000
	writeConfig(t, dir, fmt.Sprintf(`
logs: {max_total: 500MiB}
components:
  - name: spewer
    command: [sh, -c, "seq -f 'line %%017.0f, fifty bytes a line, no less' %d; printf 'the last, without a newline'; exec sleep 1000"]
`, lines))
	startedIn(t, dir)
	waittest.For(t, "its last line but one", func() bool {
		return strings.Contains(logOf(t, dir, "spewer"), fmt.Sprintf("line %017d", lines))
	})
	if s := statusOf(t, dir); s.State != "ready" {
		t.Errorf("state %s, want ready", s.State)
	}
	if _, errs, code := run(t, dir, "stop"); code != 0 {
		t.Errorf("stop exits %d: %s", code, errs)
	}
	out, errs, code := run(t, dir, "logs", "spewer", "-n", fmt.Sprint(2*lines))
	if n := strings.Count(out, ", fifty bytes a line, no less\n"); code != 0 || n != lines {
		t.Errorf("logs exits %d with %d lines, want 0 with %d: %s", code, n, lines, errs)
	}
	if !strings.Contains(out, "the last, without a newline") {
		t.Error("its last words are lost")
	}
}
