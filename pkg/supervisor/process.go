package supervisor

import (
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"taskctl/pkg/supervisor/child"
)

// Process runs each generation as a child process in a session of its own, without
// a terminal, and with its output through pipes.
type Process struct {
	Path string   // with a slash: relative to Dir; without: looked up in PATH
	Args []string // without the program's name
	Name string   // its name in lists of processes; empty: Path
	Env  []string // the whole environment; the last of several entries for one name counts
	Dir  string

	Output Output
	// Sockets returns the sockets that a generation inherits. It is called for every
	// generation, and they stay open here. They must be in non-blocking mode, which
	// [os.NewFile] then keeps. Nil: it inherits no sockets.
	Sockets func() ([]*os.File, error)
	// Ours marks a component that calls child.Connect. It gets two pipes: one to report
	// that it is ready, and one whose end of file means that this process has died. The
	// kernel kills any other command when this process dies.
	Ours bool
	// Ready checks whether a user's command is ready. Nil: it is ready once it runs.
	Ready *Check
	// User is the user that it runs as; nil: the user of this process. Only root can
	// set it.
	User *User
	// OpenStdin gives it a stdin without an end, for programs that exit at the end of
	// their input. Otherwise stdin is the null device.
	OpenStdin bool
}

// User is the user that a process runs as.
type User struct {
	UID, GID uint32
	Groups   []uint32
}

const (
	// orphanGrace is how long the remaining descendants of a dead process may take to
	// end.
	orphanGrace = time.Second
	// killTimeout is how long a killed process may take to disappear. One that takes
	// longer is blocked in the kernel and cannot be ended.
	killTimeout = 5 * time.Second
	// drainTimeout is how long a pipe is still read after the whole group has ended.
	// What they wrote is in it already; another process that still holds it is not
	// waited for.
	drainTimeout = 100 * time.Millisecond
	// flushTimeout bounds the wait until the last output is in the log.
	flushTimeout = 5 * time.Second
	// rescanInterval is how often a waiting stop looks for new descendants.
	rescanInterval = 250 * time.Millisecond
)

// Resolve returns the path of the program: a name without a slash is looked up in the
// component's PATH, one with a slash is relative to its directory. The error is the one
// that starting it would give.
func (p Process) Resolve() (string, error) {
	if p.Dir != "" {
		// The kernel's own error would blame the program.
		if _, err := os.Stat(p.Dir); err != nil {
			return "", err
		}
	}
	if strings.ContainsRune(filepath.ToSlash(p.Path), '/') || runtime.GOOS == "windows" {
		if filepath.Base(p.Path) == p.Path {
			return exec.LookPath(p.Path)
		}
		return p.Path, nil
	}
	found := exec.ErrNotFound
	for _, dir := range filepath.SplitList(p.variable("PATH")) {
		if dir == "" {
			dir = "."
		}
		path := dir + "/" + p.Path // not filepath.Join, which would drop the "./"
		switch err := executable(p.inDir(path)); {
		case err == nil:
			return path, nil
		case errors.Is(err, fs.ErrPermission):
			found = err
		}
	}
	return "", &exec.Error{Name: p.Path, Err: found}
}

// variable returns a value of the component's environment.
func (p Process) variable(name string) string {
	for _, entry := range slices.Backward(p.Env) {
		if value, is := strings.CutPrefix(entry, name+"="); is {
			return value
		}
	}
	return ""
}

// inDir resolves a path relative to the component's directory.
func (p Process) inDir(path string) string {
	if filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(p.Dir, path)
}

func executable(path string) error {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return err
	case info.IsDir() || info.Mode()&0o111 == 0:
		return fs.ErrPermission
	}
	return nil
}

// argv is the command line.
func (p Process) argv() []string {
	name := p.Name
	if name == "" {
		name = p.Path
	}
	return append([]string{name}, p.Args...)
}

// environ returns the environment of one generation: with its own variables, and
// without those of the launcher's own supervision. Each name appears once, with its
// last value, because programs use the first entry.
func (p Process) environ(id string, inherited *child.Descriptors) []string {
	all := append(slices.Clone(p.Env), GenerationVariable+"="+id)
	if inherited != nil {
		all = append(all, child.Variable+"="+inherited.String())
	}
	seen := make(map[string]bool)
	var env []string
	for _, entry := range slices.Backward(all) {
		name, _, _ := strings.Cut(entry, "=")
		if !seen[name] && (name != child.Variable || inherited != nil) {
			env = append(env, entry)
		}
		seen[name] = true
	}
	slices.Reverse(env)
	return env
}
