package logfile

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"
	"time"
)

// How files are called: NAME.log is current, NAME-TIME.log rotated, and
// NAME-TIME.log.gz rotated and compressed. The form of TIME is lumberjack's.
const (
	suffix     = ".log"
	gzSuffix   = ".gz"
	rotatedFmt = "2006-01-02T15-04-05.000"
)

// CheckName reports why name cannot be the name of a component: its log would not be a
// file of the folder, or would look like a rotated file of another component.
func CheckName(name string) error {
	for _, c := range []byte(name) {
		switch {
		case '0' <= c && c <= '9', 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', c == '-', c == '_', c == '.':
		default:
			return fmt.Errorf("component name %q: only letters, digits, '-', '_' and '.' are allowed", name)
		}
	}
	if name == "" || name[0] == '.' || len(name) > 64 {
		return fmt.Errorf("component name %q: must have 1 to 64 characters and not begin with '.'", name)
	}
	if f, _ := parseName(name + suffix); f.name != name {
		return fmt.Errorf("component name %q: must not end like a rotated file's", name)
	}
	return nil
}

// fileName is the parsed name of a log file.
type fileName struct {
	name    string    // of the component
	rotated time.Time // UTC; zero for a current file
	gz      bool
}

// base returns the name of the file, without .gz.
func (f fileName) base() string {
	if f.rotated.IsZero() {
		return f.name + suffix
	}
	return f.name + "-" + f.rotated.Format(rotatedFmt) + suffix
}

func (f fileName) String() string {
	if f.gz {
		return f.base() + gzSuffix
	}
	return f.base()
}

// parseName reads the name of a file in a log folder.
func parseName(file string) (fileName, bool) {
	rest, gz := strings.CutSuffix(file, gzSuffix)
	rest, ok := strings.CutSuffix(rest, suffix)
	if !ok || rest == "" || rest[0] == '.' {
		return fileName{}, false
	}
	if cut := len(rest) - len(rotatedFmt); cut > 1 && rest[cut-1] == '-' {
		t, err := time.Parse(rotatedFmt, rest[cut:])
		if err == nil && t.Format(rotatedFmt) == rest[cut:] { // Parse also accepts a comma
			return fileName{name: rest[:cut-1], rotated: t, gz: gz}, true
		}
	}
	return fileName{name: rest}, !gz
}

// list returns the log files of a folder, the rotated ones first (oldest first), the
// current ones last. A name limits it to one component. A file that is being compressed
// appears twice. A missing folder has no files.
func list(dir, name string) ([]fileName, error) {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var files []fileName
	for _, e := range entries {
		if f, ok := parseName(e.Name()); ok && e.Type().IsRegular() && (name == "" || f.name == name) {
			files = append(files, f)
		}
	}
	slices.SortStableFunc(files, func(a, b fileName) int {
		if a.rotated.IsZero() || b.rotated.IsZero() {
			return cmp.Compare(b.rotated.Unix(), a.rotated.Unix())
		}
		return a.rotated.Compare(b.rotated)
	})
	return files, nil
}

// rotatedOf returns the rotated files of one component, oldest first. If a file exists
// both uncompressed and compressed, the compressed one is not finished and is left out.
func rotatedOf(dir, name string) ([]fileName, error) {
	files, err := list(dir, name)
	files = slices.DeleteFunc(files, func(f fileName) bool { return f.rotated.IsZero() })
	slices.SortStableFunc(files, func(a, b fileName) int {
		if c := a.rotated.Compare(b.rotated); c != 0 || a.gz == b.gz {
			return c
		} else if a.gz {
			return 1
		}
		return -1
	})
	return slices.CompactFunc(files, func(a, b fileName) bool { return a.rotated.Equal(b.rotated) }), err
}

// Names returns the components that have a file in the folder dir, sorted.
func Names(dir string) ([]string, error) {
	files, err := list(dir, "")
	names := make([]string, 0, len(files))
	for _, f := range files {
		names = append(names, f.name)
	}
	slices.Sort(names)
	return slices.Compact(names), err
}
