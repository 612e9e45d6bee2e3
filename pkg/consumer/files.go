package consumer

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
)

// FileFault says why a consumer refuses its output or its checkpoint.
type FileFault string

// The faults of a [FileError].
const (
	FaultSame       FileFault = "same"        // output and checkpoint are one file
	FaultSystem     FileFault = "system"      // the file belongs to a taskctl system
	FaultNotRegular FileFault = "not_regular" // a directory, a device or a pipe
	FaultOpen       FileFault = "open"        // it cannot be opened or created
)

// FileError reports that a file cannot be the consumer's output or checkpoint.
type FileError struct {
	Fault FileFault
	Path  string
	Err   error // of FaultOpen
}

func (e *FileError) Error() string {
	switch e.Fault {
	case FaultSame:
		return fmt.Sprintf("output and checkpoint are the same file, %s: name two files", e.Path)
	case FaultSystem:
		return fmt.Sprintf("%s belongs to a taskctl system: name another file", e.Path)
	case FaultNotRegular:
		return fmt.Sprintf("output %s is not a regular file: name one, or redirect standard output instead", e.Path)
	}
	return fmt.Sprintf("open %s: %v", e.Path, e.Err)
}

func (e *FileError) Unwrap() error { return e.Err }

// openError turns the error of an open call into a FileError.
func openError(path string, err error) error {
	var inner *fs.PathError
	if errors.As(err, &inner) {
		err = inner.Err
	}
	return &FileError{Fault: FaultOpen, Path: path, Err: err}
}

// Protected are the files of a system that a consumer must not write to.
type Protected struct {
	Dir   string   // with everything in it, also under other names; empty: none
	Files []string // existing or not
}

// check refuses output and checkpoint if they are one file or protected. It opens
// and creates nothing. Files are compared, not their names: a file has several names
// if there are links.
func (p Protected) check(output, checkpoint string) error {
	for _, path := range []string{output, checkpoint} {
		if path == "" {
			continue
		}
		if taken, err := p.contains(path); err != nil || taken {
			return errors.Join(err, systemError(path, taken))
		}
	}
	if output == "" {
		return nil
	}
	if checkpoint != "" && locate(output).same(locate(checkpoint)) {
		return &FileError{Fault: FaultSame, Path: output}
	}
	return checkOutput(output)
}

func systemError(path string, taken bool) error {
	if !taken {
		return nil
	}
	return &FileError{Fault: FaultSystem, Path: path}
}

// contains reports whether the path leads to a protected file.
func (p Protected) contains(path string) (bool, error) {
	at := locate(path)
	for _, file := range p.Files {
		if at.same(locate(file)) {
			return true, nil
		}
	}
	if p.Dir == "" || at.dir == nil {
		return false, nil
	}
	root, err := os.Stat(p.Dir)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("check %s: %w", path, err)
	}
	for dir := at.dirPath; ; dir = filepath.Dir(dir) {
		if info, err := os.Stat(dir); err == nil && os.SameFile(info, root) {
			return true, nil
		}
		if dir == filepath.Dir(dir) {
			break
		}
	}
	if at.info == nil {
		return false, nil
	}
	found := false // a hard link to a file below Dir
	err = filepath.WalkDir(p.Dir, func(_ string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return nil // a file that is gone or cannot be read is not the one at path
		}
		info, err := d.Info()
		found = found || err == nil && os.SameFile(info, at.info)
		return nil
	})
	return found, err
}

// location is the file that a path leads to, existing or not.
type location struct {
	info    fs.FileInfo // nil: it does not exist
	dir     fs.FileInfo // of its directory; nil: that does not exist either
	dirPath string      // without links
	base    string
}

// maxLinks bounds the links that are followed, as the kernel does.
const maxLinks = 40

// locate follows the links of a path, also to a file that does not exist yet.
func locate(path string) location {
	for range maxLinks {
		target, err := os.Readlink(path)
		if err != nil {
			break // not a link
		}
		if !filepath.IsAbs(target) {
			target = filepath.Join(filepath.Dir(path), target)
		}
		path = target
	}
	at := location{base: filepath.Base(path), dirPath: filepath.Dir(path)}
	if abs, err := filepath.Abs(at.dirPath); err == nil {
		at.dirPath = abs
	}
	if resolved, err := filepath.EvalSymlinks(at.dirPath); err == nil {
		at.dirPath = resolved
	}
	// An error leaves the field nil: then opening the file will fail, or create it.
	at.info, _ = os.Stat(path)
	at.dir, _ = os.Stat(at.dirPath)
	return at
}

func (l location) same(other location) bool {
	if l.info != nil && other.info != nil {
		return os.SameFile(l.info, other.info)
	}
	if l.info != nil || other.info != nil || l.dir == nil || other.dir == nil || !os.SameFile(l.dir, other.dir) {
		return false
	}
	if runtime.GOOS == "windows" || runtime.GOOS == "darwin" {
		return strings.EqualFold(l.base, other.base)
	}
	return l.base == other.base
}

// databaseHeader begins every SQLite database. Such a file is never an output: it is
// the store of some system.
var databaseHeader = []byte("SQLite format 3\x00")

// checkOutput refuses an existing output that is not a regular file, before it is
// opened for writing (opening a device may have an effect), and a database.
func checkOutput(path string) error {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return openError(path, err)
	case !info.Mode().IsRegular():
		return &FileError{Fault: FaultNotRegular, Path: path}
	}
	file, err := os.Open(path)
	if err != nil {
		return openError(path, err)
	}
	defer file.Close() //nolint:errcheck // it was only read
	begin := make([]byte, len(databaseHeader))
	if _, err := io.ReadFull(file, begin); err == nil && bytes.Equal(begin, databaseHeader) {
		return &FileError{Fault: FaultSystem, Path: path}
	}
	return nil
}
