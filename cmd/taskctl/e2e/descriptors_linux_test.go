package e2e

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"

	"taskctl/cmd/taskctl/e2etest"
)

// A lock that the caller of `start -d` holds is free again when the caller ends, as
// in a cron job: neither the launcher nor a component keeps a descriptor of it.
func TestDetachedSystemKeepsNoDescriptorOfItsCaller(t *testing.T) {
	dir := e2etest.Dir(t)
	writeSettings(t, dir, "components: [{name: mine, command: [sleep, '1000']}]\n")
	lock := filepath.Join(dir, "caller.lock")
	caller := exec.Command("bash", "-c", `exec 9>"$1" 77</dev/zero; flock -n 9; "$0" start -d --no-test-task`, binary, lock)
	caller.Dir, caller.Env = dir, e2etest.Environ()
	if out, err := caller.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	t.Cleanup(func() { run(t, dir, "stop") })
	if out, err := exec.Command("flock", "-n", lock, "true").CombinedOutput(); err != nil {
		t.Errorf("the caller's lock is still held: %v %s", err, out)
	}
	text, _, _ := run(t, dir, "status", "--json")
	var status struct {
		PID        int
		Components []struct {
			Name string
			PID  int
		}
	}
	if err := json.Unmarshal([]byte(text), &status); err != nil {
		t.Fatal(err)
	}
	pids := []int{status.PID}
	for _, c := range status.Components {
		pids = append(pids, c.PID)
	}
	for _, pid := range pids {
		fds := filepath.Join("/proc", strconv.Itoa(pid), "fd")
		entries, err := os.ReadDir(fds)
		if err != nil {
			t.Fatal(err)
		}
		for _, fd := range entries {
			target, _ := os.Readlink(filepath.Join(fds, fd.Name())) // it may have been closed since
			if target == lock || target == "/dev/zero" {
				t.Errorf("process %d has %s open as %s", pid, target, fd.Name())
			}
		}
		if mine := status.Components[len(status.Components)-1]; pid == mine.PID && len(entries) != 3 {
			t.Errorf("%s has the descriptors %s", mine.Name, fmt.Sprint(entries))
		}
	}
}
