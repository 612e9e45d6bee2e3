package logfile

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// Folder is where the logs are under the directory of a system.
const Folder = "logs"

// Kind says how the cleaning of logs treats a file.
type Kind string

// The kinds of file, in the order in which they are listed.
const (
	Current Kind = "current" // in logs/, being written
	Rotated Kind = "rotated" // in logs/, complete
	Stray   Kind = "stray"   // outside logs/: a log of our components, or of the Python demo
	Foreign Kind = "foreign" // outside logs/: any other *.log file; listed, never changed
)

// FileInfo describes a log file.
type FileInfo struct {
	Kind Kind
	Name string    // of the component; for Foreign, of the file without .log
	Path string    // relative to the directory, with slashes
	Size int64     // bytes
	Time time.Time // of its rotation, or of the last change
}

// Inventory is the result of Scan, sorted by kind and then by path.
type Inventory struct {
	Dir   string
	Files []FileInfo
}

// Scan lists the log files of the system in the directory dir: those in logs/ and those
// beside it. Symbolic links are skipped, except logs/ itself, which may be a link to
// another disk.
func Scan(dir string) (Inventory, error) {
	outside, err := scanFolder(dir, ".", func(f fileName) (Kind, string) {
		if f.rotated.IsZero() && (isComponentLog(f.name) || isDemoLog(f.name)) {
			return Stray, f.name
		}
		return Foreign, strings.TrimSuffix(f.base(), suffix)
	})
	if err != nil {
		return Inventory{}, fmt.Errorf("look for logs: %w", err)
	}
	inside, err := scanFolder(dir, Folder, func(f fileName) (Kind, string) {
		switch {
		case CheckName(f.name) != nil:
			return Foreign, strings.TrimSuffix(f.base(), suffix)
		case f.rotated.IsZero():
			return Current, f.name
		}
		return Rotated, f.name
	})
	if err != nil && !errors.Is(err, fs.ErrNotExist) { // a missing folder has no logs yet
		return Inventory{}, fmt.Errorf("look for logs: %w", err)
	}
	files := append(inside, outside...)
	order := []Kind{Current, Rotated, Stray, Foreign}
	slices.SortFunc(files, func(a, b FileInfo) int {
		return cmp.Or(
			cmp.Compare(slices.Index(order, a.Kind), slices.Index(order, b.Kind)),
			cmp.Compare(a.Path, b.Path))
	})
	return Inventory{Dir: dir, Files: files}, nil
}

func isComponentLog(name string) bool {
	return slices.Contains([]string{"wsserver", "api", "consumer", "launcher"}, name)
}

// isDemoLog reports whether name is a log of the Python demo that taskctl replaces.
func isDemoLog(name string) bool {
	return slices.Contains([]string{"websocket_server", "flask_api", "websocket_consumer"}, name)
}

// scanFolder lists the log files of one folder of dir.
func scanFolder(dir, folder string, kind func(fileName) (Kind, string)) ([]FileInfo, error) {
	entries, err := os.ReadDir(filepath.Join(dir, folder))
	if err != nil {
		return nil, err
	}
	var files []FileInfo
	for _, e := range entries {
		f, ok := parseName(e.Name())
		if !ok || !e.Type().IsRegular() {
			continue
		}
		info, err := e.Info()
		if errors.Is(err, fs.ErrNotExist) {
			continue // rotated or deleted meanwhile
		}
		if err != nil {
			return nil, err
		}
		k, name := kind(f)
		at := f.rotated
		if at.IsZero() {
			at = info.ModTime()
		}
		files = append(files, FileInfo{Kind: k, Name: name, Path: path.Join(folder, e.Name()), Size: info.Size(), Time: at})
	}
	return files, nil
}

// Of returns the files of one kind, and the sum of their sizes.
func (v Inventory) Of(k Kind) (files []FileInfo, size int64) {
	for _, f := range v.Files {
		if f.Kind == k {
			files = append(files, f)
			size += f.Size
		}
	}
	return files, size
}
