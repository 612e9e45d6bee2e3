package e2e

import (
	"bufio"
	"bytes"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"taskctl/cmd/taskctl/e2etest"
)

var transferTasks = flag.Int("e2e.tasks", 30_000, "tasks that TestTransferInConstantMemory imports and exports")

// peakMemory is the highest resident size that a process had so far, in KiB.
func peakMemory(t *testing.T, pid int) int {
	t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		t.Fatal(err)
	}
	found := regexp.MustCompile(`VmHWM:\s*(\d+) kB`).FindSubmatch(status)
	if found == nil {
		t.Fatalf("no VmHWM in:\n%s", status)
	}
	kib, err := strconv.Atoi(string(found[1]))
	if err != nil {
		t.Fatal(err)
	}
	return kib
}

// importAndExport moves n tasks through both commands, and returns the memory that each
// of them took. It measures while a command waits for its last input, or until its last
// output is read.
func importAndExport(t *testing.T, n int) (importPeak, exportPeak int) {
	t.Helper()
	dir := e2etest.Dir(t)
	start := func(args ...string) (*exec.Cmd, io.WriteCloser, io.ReadCloser) {
		cmd := exec.Command(binary, args...)
		cmd.Dir, cmd.Env, cmd.Stderr = dir, e2etest.Environ(), os.Stderr
		in, err := cmd.StdinPipe()
		if err != nil {
			t.Fatal(err)
		}
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		return cmd, in, out
	}

	cmd, in, out := start("import", "-")
	taskLines(t, in, n)
	importPeak = peakMemory(t, cmd.Process.Pid)
	in.Close()
	said, _ := io.ReadAll(out)
	if err := cmd.Wait(); err != nil || !strings.Contains(string(said), fmt.Sprintf("imported; added: %d,", n)) {
		t.Fatalf("import: %v, %s", err, said)
	}

	var sent bytes.Buffer
	taskLines(t, &sent, 1)
	tail := 2 << 20 / sent.Len() // more than a pipe and the command's buffers hold
	cmd, _, out = start("export")
	lines := bufio.NewReader(out)
	for i := range n {
		if i == n-tail {
			exportPeak = peakMemory(t, cmd.Process.Pid)
		}
		line, err := lines.ReadString('\n')
		if err != nil || !strings.Contains(line, fmt.Sprintf(`"title":"task %d"`, i)) {
			t.Fatalf("line %d: %q, %v", i+1, line, err)
		}
	}
	if err := cmd.Wait(); err != nil {
		t.Fatal(err)
	}
	return importPeak, exportPeak
}

// Three times as many tasks take the same memory.
func TestTransferInConstantMemory(t *testing.T) {
	const allowed = 16 << 10 // KiB: caches that are bounded, and the garbage collector
	fewImport, fewExport := importAndExport(t, *transferTasks/3)
	manyImport, manyExport := importAndExport(t, *transferTasks)
	t.Logf("%d tasks: import %d KiB, export %d KiB; a third of them: %d and %d", *transferTasks, manyImport, manyExport, fewImport, fewExport)
	if manyImport > fewImport+allowed {
		t.Errorf("import takes %d KiB for %d tasks and %d KiB for a third of them", manyImport, *transferTasks, fewImport)
	}
	if manyExport > fewExport+allowed {
		t.Errorf("export takes %d KiB for %d tasks and %d KiB for a third of them", manyExport, *transferTasks, fewExport)
	}
}

// Tasks that are imported into a running system reach clients at once. Without a
// notice, each round would take up to five seconds, after which wsserver reads the log
// by itself.
func TestImportIsPushed(t *testing.T) {
	const rounds = 5
	dir, _ := started(t, "--no-test-task")
	consumer := piped(t, dir, nil, "consumer", "--json")
	consumer.out.await(t, "consumer is ready")
	file := filepath.Join(dir, "tasks.jsonl")
	began := time.Now()
	for i := range rounds {
		line := fmt.Sprintf(`{"id":"01930000-0000-7000-8000-%012x","title":"round %d"}`, i, i)
		if err := os.WriteFile(file, []byte(line), 0o600); err != nil {
			t.Fatal(err)
		}
		if out, errs, code := run(t, dir, "import", file); code != 0 || errs != "" {
			t.Fatalf("import exits %d: %s%s", code, out, errs)
		}
		consumer.out.await(t, fmt.Sprintf(`"title":"round %d"`, i))
	}
	if took := time.Since(began); took > (rounds-2)*5*time.Second {
		t.Errorf("%d imports reached the client after %v", rounds, took)
	}
}
