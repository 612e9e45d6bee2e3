//go:build linux

package chaos

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"taskctl/cmd/taskctl/e2etest"
)

// respawner runs a command and starts it again whenever it has been killed. Its
// output goes to a file, so that no pipe of the test can block it.
type respawner struct {
	name    string
	command func() *exec.Cmd
	mayFail func(printed string, exit error) bool // other exits after which it is started again; nil: none
	out     *os.File
	ended   chan struct{} // closed when it will not be started again
	exit    error         // of the last process

	mu       sync.Mutex
	process  *os.Process
	killed   bool // the running process was killed by the test
	last     bool // it must not be started again
	restarts int
	failures int
}

// keep starts a command, and kills it when the test ends before it has.
func (k *respawner) start(t testing.TB, outFile string) *respawner {
	t.Helper()
	out, err := os.OpenFile(outFile, os.O_CREATE|os.O_APPEND|os.O_RDWR, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	k.out, k.ended = out, make(chan struct{})
	go func() {
		defer close(k.ended)
		k.exit = k.run()
	}()
	t.Cleanup(func() {
		k.end(func(p *os.Process) { _ = p.Kill() })
		<-k.ended
		_ = out.Close()
	})
	return k
}

func (k *respawner) run() error {
	for {
		cmd := k.command()
		cmd.Stdout, cmd.Stderr = k.out, k.out
		k.mu.Lock()
		if k.last {
			k.mu.Unlock()
			return nil
		}
		begin, _ := k.out.Seek(0, io.SeekEnd)
		fmt.Fprintf(k.out, "--- %s\n", time.Now().UTC().Format(time.RFC3339Nano))
		if err := cmd.Start(); err != nil {
			k.mu.Unlock()
			return err
		}
		k.process, k.killed = cmd.Process, false
		k.mu.Unlock()

		err := cmd.Wait()
		printed, _ := io.ReadAll(io.NewSectionReader(k.out, begin, 1<<20))
		mayFail := k.mayFail != nil && k.mayFail(string(printed), err)
		k.mu.Lock()
		k.process = nil
		again := !k.last && (k.killed || mayFail)
		if again {
			k.restarts++
		}
		if again && !k.killed {
			k.failures++
		}
		k.mu.Unlock()
		if !again {
			return err
		}
	}
}

// kill kills the process, and returns false if there is none.
func (k *respawner) kill() bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.process == nil {
		return false
	}
	k.killed = true
	return k.process.Kill() == nil
}

// running returns the process, or nil.
func (k *respawner) running() *os.Process {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.process
}

// again returns the number of restarts, and how many of them followed an allowed
// failure instead of a kill.
func (k *respawner) again() (restarts, failures int) {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.restarts, k.failures
}

// end ends the process by how, and does not start it again.
func (k *respawner) end(how func(*os.Process)) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.last = true
	if k.process != nil {
		how(k.process)
	}
}

// components finds the system's processes by their working directory, including those
// that a killed launcher has left. Without names it returns all, including the
// launcher.
func components(dir string, names ...string) []*os.Process {
	var found []*os.Process
	entries, _ := os.ReadDir("/proc")
	for _, entry := range entries {
		pid, err := strconv.Atoi(entry.Name())
		if err != nil {
			continue
		}
		if cwd, err := os.Readlink(filepath.Join("/proc", entry.Name(), "cwd")); err != nil || cwd != dir || e2etest.Gone(pid) {
			continue
		}
		line, _ := os.ReadFile(filepath.Join("/proc", entry.Name(), "cmdline"))
		args := strings.Split(string(line), "\x00")
		wanted := len(names) == 0
		for _, name := range names {
			wanted = wanted || len(args) > 1 && args[1] == name
		}
		if p, err := os.FindProcess(pid); wanted && err == nil {
			found = append(found, p)
		}
	}
	return found
}
