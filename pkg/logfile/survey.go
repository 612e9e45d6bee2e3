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

// Kind says what a file is to the cleaning of logs.
type Kind string

// The kinds of file, in the order in which they are listed.
const (
	Current Kind = "current" // in logs/, being written
	Rotated Kind = "rotated" // in logs/, complete
	Stray   Kind = "stray"   // a log of our components, or of the demo's, outside logs/
	Foreign Kind = "foreign" // another *.log file, which no component writes: listed, never touched
)

// Found is a log file that there is.
type Found struct {
	Kind Kind
	Name string    // of the component; of the file without .log where it is Foreign
	Path string    // relative to the directory, with slashes
	Size int64     // bytes
	Time time.Time // of its rotation, or of the last change
}

// Inventory is what Survey found, kind by kind, and by path within a kind.
type Inventory struct {
	Dir   string
	Files []Found
}

// Survey lists the log files of the system in the directory dir: those in logs/
// and those beside it. Symbolic links are left out, but for logs/ itself: it may
// be one, as to have the logs on another disk.
func Survey(dir string) (Inventory, error) {
	beside, err := found(dir, ".", func(f fileName) (Kind, string) {
		if f.rotated.IsZero() && (isOurs(f.name) || isDemos(f.name)) {
			return Stray, f.name
		}
		return Foreign, strings.TrimSuffix(f.base(), suffix)
	})
	if err != nil {
		return Inventory{}, fmt.Errorf("look for logs: %w", err)
	}
	inside, err := found(dir, Folder, func(f fileName) (Kind, string) {
		switch {
		case CheckName(f.name) != nil:
			return Foreign, strings.TrimSuffix(f.base(), suffix)
		case f.rotated.IsZero():
			return Current, f.name
		}
		return Rotated, f.name
	})
	if err != nil && !errors.Is(err, fs.ErrNotExist) { // nothing has been logged yet
		return Inventory{}, fmt.Errorf("look for logs: %w", err)
	}
	files := append(inside, beside...)
	order := []Kind{Current, Rotated, Stray, Foreign}
	slices.SortFunc(files, func(a, b Found) int {
		return cmp.Or(
			cmp.Compare(slices.Index(order, a.Kind), slices.Index(order, b.Kind)),
			cmp.Compare(a.Path, b.Path))
	})
	return Inventory{Dir: dir, Files: files}, nil
}

func isOurs(name string) bool {
	return slices.Contains([]string{"wsserver", "api", "consumer", "launcher"}, name)
}

// isDemos reports whether name is a log of the Python demo that taskctl replaces.
func isDemos(name string) bool {
	return slices.Contains([]string{"websocket_server", "flask_api", "websocket_consumer"}, name)
}

// found lists the log files of one folder of dir.
func found(dir, folder string, kind func(fileName) (Kind, string)) ([]Found, error) {
	entries, err := os.ReadDir(filepath.Join(dir, folder))
	if err != nil {
		return nil, err
	}
	var files []Found
	for _, e := range entries {
		f, ok := parseName(e.Name())
		if !ok || !e.Type().IsRegular() {
			continue
		}
		info, err := e.Info()
		if errors.Is(err, fs.ErrNotExist) {
			continue // rotated or deleted since the folder was read
		}
		if err != nil {
			return nil, err
		}
		k, name := kind(f)
		at := f.rotated
		if at.IsZero() {
			at = info.ModTime()
		}
		files = append(files, Found{Kind: k, Name: name, Path: path.Join(folder, e.Name()), Size: info.Size(), Time: at})
	}
	return files, nil
}

// Of returns the files of one kind, and their bytes together.
func (v Inventory) Of(k Kind) (files []Found, size int64) {
	for _, f := range v.Files {
		if f.Kind == k {
			files = append(files, f)
			size += f.Size
		}
	}
	return files, size
}
