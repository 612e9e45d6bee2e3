package logfile

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"time"
)

// Choice selects the files of an inventory to clean up, and how.
type Choice struct {
	Empty  bool // empty the current files
	Delete bool // delete the rotated ones
	Move   bool // move stray files into logs/
	// Before excludes files that were changed at that time or later; zero: no file is
	// excluded.
	Before time.Time
}

// Op is an operation on a file.
type Op string

// The operations.
const (
	Empty  Op = "empty"
	Delete Op = "delete"
	Move   Op = "move"
)

// Action is one step of cleaning up.
type Action struct {
	Op   Op
	File FileInfo
	To   string // for Move: the new path; Apply takes a similar one if it is in use by then
}

// Plan is a list of steps, which the user sees before they are applied.
type Plan struct {
	dir     string
	Actions []Action
}

// Plan returns the steps for the choice. There is no step for an empty current file.
func (v Inventory) Plan(c Choice) Plan {
	p := Plan{dir: v.Dir}
	taken := make(map[string]bool)
	for _, f := range v.Files {
		taken[f.Path] = true
	}
	for _, f := range v.Files {
		if !c.Before.IsZero() && !f.Time.Before(c.Before) {
			continue
		}
		switch {
		case f.Kind == Current && c.Empty && f.Size > 0:
			p.Actions = append(p.Actions, Action{Op: Empty, File: f})
		case f.Kind == Rotated && c.Delete:
			p.Actions = append(p.Actions, Action{Op: Delete, File: f})
		case f.Kind == Stray && c.Move:
			to := freePath(f, func(p string) bool { return taken[p] })
			taken[to] = true
			p.Actions = append(p.Actions, Action{Op: Move, File: f, To: to})
		}
	}
	return p
}

// freePath returns an unused path in logs/ for a stray file. A stray must not get the
// name of a current file, which the launcher writes, nor that of a rotated one: those
// are compressed and deleted, and another program may still write to the stray.
func freePath(f FileInfo, taken func(string) bool) string {
	if to := path.Join(Folder, f.Name+suffix); isDemoLog(f.Name) && !taken(to) {
		return to
	}
	for n := 1; ; n++ {
		if to := path.Join(Folder, fmt.Sprintf("%s.%d%s", f.Name, n, suffix)); !taken(to) {
			return to
		}
	}
}

// Freed returns how many bytes the plan will free.
func (p Plan) Freed() (size int64) {
	for _, a := range p.Actions {
		if a.Op != Move {
			size += a.File.Size
		}
	}
	return size
}

// Result is what applying a plan did.
type Result struct {
	Done  []Action // in the order of the plan; for Move with the path that it became
	Freed int64    // bytes
}

// Apply carries out the steps of the plan. If the system runs, empty asks its launcher
// to empty the current files of the components, and returns the freed bytes. If empty
// is nil, Apply empties them itself. After a failed step the others are still carried
// out; the errors are joined.
func (p Plan) Apply(empty func(names ...string) (int64, error)) (Result, error) {
	f, err := openFolders(p.dir)
	if err != nil {
		return Result{}, fmt.Errorf("clean logs: %w", err)
	}
	var r Result
	var errs []error
	for _, a := range p.Actions {
		freed, err := a.apply(f, empty)
		if err != nil {
			errs = append(errs, fmt.Errorf("%s %s: %w", a.Op, a.File.Path, cause(err)))
			continue
		}
		r.Freed += freed
		r.Done = append(r.Done, a)
	}
	return r, errors.Join(append(errs, f.close())...)
}

// folders are the directories of log files. Each has a root of its own, because logs/
// may be a symbolic link of the user, for example to another disk. Links inside them
// are not followed.
type folders struct{ root, logs *os.Root }

func openFolders(dir string) (folders, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return folders{}, err
	}
	err = root.Mkdir(Folder, 0o755)
	if errors.Is(err, fs.ErrExist) {
		err = nil
	}
	var logs *os.Root
	if err == nil {
		logs, err = os.OpenRoot(filepath.Join(dir, Folder))
	}
	if err != nil {
		return folders{}, errors.Join(err, root.Close())
	}
	return folders{root, logs}, nil
}

func (f folders) close() error { return errors.Join(f.root.Close(), f.logs.Close()) }

func (a *Action) apply(f folders, empty func(names ...string) (int64, error)) (freed int64, err error) {
	switch {
	case a.Op == Move:
		return 0, a.move(f)
	case a.Op == Empty && empty != nil:
		return empty(a.File.Name)
	}
	name := path.Base(a.File.Path)
	info, err := f.logs.Lstat(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return 0, nil // deleted already
	case err != nil:
		return 0, err
	case !info.Mode().IsRegular():
		return 0, errNotRegular
	case a.Op == Delete:
		err = f.logs.Remove(name)
	default:
		var file *os.File
		if file, err = f.logs.OpenFile(name, os.O_WRONLY, 0); err == nil {
			err = errors.Join(file.Truncate(0), file.Close())
		}
	}
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}

// move moves a stray file to an unused path. It reserves the path first by creating an
// empty file there.
func (a *Action) move(f folders) error {
	var failed error
	a.To = freePath(a.File, func(to string) bool {
		file, err := f.logs.OpenFile(path.Base(to), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o640)
		if errors.Is(err, fs.ErrExist) {
			return true
		}
		if failed = err; err == nil {
			failed = file.Close()
		}
		return false
	})
	if failed != nil {
		return failed
	}
	from, to := path.Base(a.File.Path), path.Base(a.To)
	err := os.Rename(filepath.Join(f.root.Name(), from), filepath.Join(f.logs.Name(), to))
	if err != nil { // logs/ may be on another disk
		err = f.copyAcross(from, to)
	}
	if err != nil {
		return errors.Join(err, f.logs.Remove(to))
	}
	return nil
}

var errStillWritten = errors.New("it is being written to")

// copyAcross copies a file over the empty one in logs/, for a logs/ on another disk. It
// removes the original when the copy is synced and complete: if the original has grown
// meanwhile, it stays.
func (f folders) copyAcross(from, to string) error {
	before, err := f.root.Lstat(from)
	if err != nil {
		return err
	}
	if !before.Mode().IsRegular() {
		return errNotRegular
	}
	in, err := f.root.Open(from)
	if err != nil {
		return err
	}
	defer func() { _ = in.Close() }() // only read
	out, err := f.logs.OpenFile(to, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	// Mode and time are kept if the other file system supports them.
	_ = out.Chmod(before.Mode().Perm())
	copied, err := io.Copy(out, in)
	_ = f.logs.Chtimes(to, before.ModTime(), before.ModTime())
	if err == nil {
		err = out.Sync()
	}
	if err = errors.Join(err, out.Close()); err != nil {
		return err
	}
	after, err := f.root.Lstat(from)
	if err != nil {
		return err
	}
	if !os.SameFile(before, after) || after.Size() != copied {
		return errStillWritten
	}
	return f.root.Remove(from)
}
