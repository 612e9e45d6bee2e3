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

// Choice says what of an inventory to clean up.
type Choice struct {
	Empty  bool // empty the current files
	Delete bool // delete the rotated ones
	Move   bool // move the strays into logs/
	// Before leaves out what was changed at that time or later; zero: nothing.
	Before time.Time
}

// Op is what is done to a file.
type Op string

// The things that are done to files.
const (
	Empty  Op = "empty"
	Delete Op = "delete"
	Move   Op = "move"
)

// Action is one step of cleaning up.
type Action struct {
	Op   Op
	File Found
	To   string // for Move: the path it gets, if that is free then; else one like it
}

// Plan is a list of steps, to be shown before it is applied.
type Plan struct {
	dir     string
	Actions []Action
}

// Plan returns the steps of the choice. Empty files are left as they are.
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

// freePath returns where in logs/ a stray may go. One of our own components must
// not become the file that the launcher writes, and none a rotated file: those
// are compressed and deleted, while a stray may still be written by someone.
func freePath(f Found, taken func(string) bool) string {
	if to := path.Join(Folder, f.Name+suffix); isDemos(f.Name) && !taken(to) {
		return to
	}
	for n := 1; ; n++ {
		if to := path.Join(Folder, fmt.Sprintf("%s.%d%s", f.Name, n, suffix)); !taken(to) {
			return to
		}
	}
}

// Freed returns how many bytes the plan means to free.
func (p Plan) Freed() (size int64) {
	for _, a := range p.Actions {
		if a.Op != Move {
			size += a.File.Size
		}
	}
	return size
}

// Result is what came of a plan.
type Result struct {
	Done  []Action // in the order of the plan; for Move with the path that it became
	Freed int64    // bytes
}

// Apply takes the steps of the plan. Where the system is running, empty has its
// launcher empty the files of those components and returns the bytes that freed;
// where it is nil, they are emptied here. A step that fails does not keep the
// others from being taken; the errors are joined.
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

// folders are where logs are. Each is a root of its own, because logs/ may be a
// symbolic link that the user has set, as to another disk; nothing in either of
// them leads any further.
type folders struct{ beside, logs *os.Root }

func openFolders(dir string) (folders, error) {
	beside, err := os.OpenRoot(dir)
	if err != nil {
		return folders{}, err
	}
	err = beside.Mkdir(Folder, 0o755)
	if errors.Is(err, fs.ErrExist) {
		err = nil
	}
	var logs *os.Root
	if err == nil {
		logs, err = os.OpenRoot(filepath.Join(dir, Folder))
	}
	if err != nil {
		return folders{}, errors.Join(err, beside.Close())
	}
	return folders{beside, logs}, nil
}

func (f folders) close() error { return errors.Join(f.beside.Close(), f.logs.Close()) }

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
		return 0, nil // gone already, which is all that was wanted
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

// move takes a stray to a path that is free, which it makes sure of by making an
// empty file there first.
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
	err := os.Rename(filepath.Join(f.beside.Name(), from), filepath.Join(f.logs.Name(), to))
	if err != nil { // logs/ may be on another disk
		err = f.carry(from, to)
	}
	if err != nil {
		return errors.Join(err, f.logs.Remove(to))
	}
	return nil
}

var errStillWritten = errors.New("it is being written to")

// carry copies a file from beside logs/ over the empty one in it, and removes the
// original once the copy is on the disk, and is whole: what somebody adds to the
// original meanwhile must not go with it.
func (f folders) carry(from, to string) error {
	before, err := f.beside.Lstat(from)
	if err != nil {
		return err
	}
	if !before.Mode().IsRegular() {
		return errNotRegular
	}
	in, err := f.beside.Open(from)
	if err != nil {
		return err
	}
	defer func() { _ = in.Close() }() // only read
	out, err := f.logs.OpenFile(to, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	// Mode and age are kept as far as the other disk knows such things.
	_ = out.Chmod(before.Mode().Perm())
	copied, err := io.Copy(out, in)
	_ = f.logs.Chtimes(to, before.ModTime(), before.ModTime())
	if err == nil {
		err = out.Sync()
	}
	if err = errors.Join(err, out.Close()); err != nil {
		return err
	}
	after, err := f.beside.Lstat(from)
	if err != nil {
		return err
	}
	if !os.SameFile(before, after) || after.Size() != copied {
		return errStillWritten
	}
	return f.beside.Remove(from)
}
