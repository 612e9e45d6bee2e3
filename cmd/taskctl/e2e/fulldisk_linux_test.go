package e2e

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"taskctl/cmd/taskctl/e2etest"

	"taskctl/pkg/wait/waittest"
)

// Lines that do not fit on a full disk are in the consumer's log once there is space,
// or after the next start.
func TestTheConsumersLogIsWholeAfterAFullDisk(t *testing.T) {
	dir := e2etest.Dir(t)
	logs := filepath.Join(dir, "logs")
	if err := os.Mkdir(logs, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mount("e2e-test", logs, "tmpfs", 0, "size=512k,mode=0700"); err != nil {
		t.Skipf("a small disk cannot be mounted: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(logs, syscall.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	const many = 100 // more than the rest of the log's last page holds
	ballast := filepath.Join(logs, "ballast")
	seq := 0
	createOnAFullDisk := func() {
		t.Helper()
		if err := os.WriteFile(ballast, make([]byte, 1<<20), 0o600); !errors.Is(err, syscall.ENOSPC) {
			t.Fatalf("the disk is not full: %v", err)
		}
		api := statusOf(t, dir).API
		for range many {
			create(t, api, "as the disk is full")
			seq++
		}
		waittest.For(t, "the consumer's checkpoint", func() bool {
			checkpoint, err := os.ReadFile(filepath.Join(dir, "data/consumer.checkpoint"))
			return err == nil && strings.Contains(string(checkpoint), fmt.Sprintf(`:%d"`, seq))
		})
	}
	makeRoom := func() {
		t.Helper()
		if err := os.Remove(ballast); err != nil {
			t.Fatal(err)
		}
	}
	last := func() bool { return strings.Contains(logOf(t, dir, "consumer"), fmt.Sprintf(" #%d ", seq)) }

	p := startedIn(t, dir, "--no-test-task")
	createOnAFullDisk()
	makeRoom()
	waittest.For(t, "the lines once there is room", last)
	createOnAFullDisk()
	p.ctrlC(t)
	p.exit(t)
	makeRoom()
	startedIn(t, dir, "--no-test-task")
	waittest.For(t, "the lines after the next start", last)
	log := logOf(t, dir, "consumer")
	for i := 1; i <= seq; i++ {
		if n := strings.Count(log, fmt.Sprintf(" #%d ", i)); n != 1 {
			t.Errorf("event %d stands there %d times", i, n)
		}
	}
	if t.Failed() {
		t.Log(log)
	}
}
