package supervisor

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/taskctl/taskctl/pkg/supervisor/child"
)

// Process runs each generation as a child process: leader of its own process
// group, with nothing on stdin, and output through pipes.
type Process struct {
	Path string   // looked up in PATH unless it has a slash, which is relative to Dir
	Args []string // without the program's name
	Name string   // what it is called in lists of processes; Path if empty
	Env  []string // the whole environment; of two entries for one name the last counts
	Dir  string

	Output Output
	// Sockets returns the sockets that a generation inherits. It is called for
	// every generation, and they stay open here. They must be in non-blocking
	// mode, as [os.NewFile] then leaves them. Nil: none.
	Sockets func() ([]*os.File, error)
	// Ours marks a component that calls child.Connect. It gets a pipe up, to say
	// that it is ready, and a pipe down, whose end tells it that this process
	// died. Any other command is killed by the kernel in that case.
	Ours bool
	// Ready says how to see that somebody else's command is ready. Nil: once it runs.
	Ready *UserReady
}

const (
	// restGrace is how long what a dead process leaves behind gets to end.
	restGrace = time.Second
	// abandonAfter is how long a killed process may take to disappear. One that
	// takes longer sits in the kernel, and nothing more can be done.
	abandonAfter = 5 * time.Second
	// cutAfter is how long a pipe is read on when all of the group is gone: what
	// they wrote is in it already, so whoever still holds it is not waited for.
	cutAfter = 100 * time.Millisecond
	// flushTime bounds the wait for a log that does not take the last output.
	flushTime = 5 * time.Second
	// rescanEvery is how often a stop that waits looks for new descendants.
	rescanEvery = 250 * time.Millisecond
)

// find resolves the program's path.
func (p Process) find() (string, error) {
	if p.Dir != "" {
		// The kernel's own error would blame the program.
		if _, err := os.Stat(p.Dir); err != nil {
			return "", err
		}
	}
	if strings.ContainsRune(filepath.ToSlash(p.Path), '/') {
		return p.Path, nil
	}
	return exec.LookPath(p.Path)
}

// argv is the command line.
func (p Process) argv() []string {
	name := p.Name
	if name == "" {
		name = p.Path
	}
	return append([]string{name}, p.Args...)
}

// environ is the environment with what concerns this generation, and nothing
// that concerns the launcher's own supervision. Each name appears once, with its
// last value: of two entries, programs take whichever they find first.
func (p Process) environ(mark string, wiring *child.Wiring) []string {
	all := append(slices.Clone(p.Env), MarkVariable+"="+mark)
	if wiring != nil {
		all = append(all, child.Variable+"="+wiring.String())
	}
	seen := make(map[string]bool)
	var env []string
	for _, entry := range slices.Backward(all) {
		name, _, _ := strings.Cut(entry, "=")
		if !seen[name] && (name != child.Variable || wiring != nil) {
			env = append(env, entry)
		}
		seen[name] = true
	}
	slices.Reverse(env)
	return env
}
