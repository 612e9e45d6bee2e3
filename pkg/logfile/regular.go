package logfile

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"taskctl/pkg/ownfile"
)

// NotRegularError says that the path of a log file is not a regular file, so no line
// can be written to it.
type NotRegularError struct{ *ownfile.NotRegularError }

// NotRegular returns an error for each named component whose current log is not a
// regular file.
func NotRegular(dir string, names ...string) []*NotRegularError {
	var found []*NotRegularError
	for _, name := range names {
		if err := checkRegular(filepath.Join(dir, name+suffix)); err != nil {
			found = append(found, err)
		}
	}
	return found
}

// checkRegular also accepts a path that does not exist.
func checkRegular(path string) *NotRegularError {
	if refused := (*ownfile.NotRegularError)(nil); errors.As(ownfile.Check(path), &refused) {
		return &NotRegularError{refused}
	}
	return nil
}

// errNotRegular is the reason why a file cannot be a log.
var errNotRegular = errors.New("it is not a regular file")

// openRegular opens a file only if it is a regular one.
func openRegular(path string, flag int) (*os.File, error) {
	file, err := ownfile.Open(path, flag, 0o640)
	if refused := (*ownfile.NotRegularError)(nil); errors.As(err, &refused) {
		err = &fs.PathError{Op: "open", Path: path, Err: errNotRegular}
	}
	return file, err
}
