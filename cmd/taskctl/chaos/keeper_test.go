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

	"github.com/taskctl/taskctl/cmd/taskctl/e2etest"
)

// keeper runs a command and starts it again whenever it has been killed. What it
// prints goes to a file, so that no pipe of the test's own can hold it up.
type keeper struct {
	name    string
	command func() *exec.Cmd
	excused func(printed string, exit error) bool // other ends after which it is started again; nil: none
	out     *os.File
	ended   chan struct{} // closed once it is not started any more
	exit    error         // how it ended then

	mu       sync.Mutex
	process  *os.Process
	killed   bool // the running one has been killed by us
	last     bool // it is not to be started again
	restarts int
	excuses  int
}

// keep starts a command, and kills it when the test ends before it has.
func (k *keeper) keep(t testing.TB, outFile string) *keeper {
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

func (k *keeper) run() error {
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
		excused := k.excused != nil && k.excused(string(printed), err)
		k.mu.Lock()
		k.process = nil
		again := !k.last && (k.killed || excused)
		if again {
			k.restarts++
		}
		if again && !k.killed {
			k.excuses++
		}
		k.mu.Unlock()
		if !again {
			return err
		}
	}
}

// kill kills the process and reports whether there was one.
func (k *keeper) kill() bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.process == nil {
		return false
	}
	k.killed = true
	return k.process.Kill() == nil
}

// running returns the process, nil where there is none just now.
func (k *keeper) running() *os.Process {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.process
}

// again returns how often it was started again, and how often of these it had
// not been killed but was excused.
func (k *keeper) again() (restarts, excuses int) {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.restarts, k.excuses
}

// end does something to the process that ends it for good.
func (k *keeper) end(how func(*os.Process)) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.last = true
	if k.process != nil {
		how(k.process)
	}
}

// components finds the system's processes by the directory they work in, so that
// it also finds what a killed launcher has left. Without names it returns them all,
// the launcher too.
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
