// Package ownfile opens files that taskctl has created for itself, and refuses anything
// else at their paths. It does not follow links, which may lead to files of other
// users, and does not wait for the other end of a FIFO.
package ownfile

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
)

// NotRegularError says that the path of a file is not a regular file.
type NotRegularError struct {
	Path string
	Type string // "FIFO", "socket", "device", "symbolic link" or "directory"
}

func (e *NotRegularError) Error() string {
	return fmt.Sprintf("%s is a %s, not a regular file; remove it", e.Path, e.Type)
}

// Check returns a *NotRegularError if path exists and is not a regular file.
func Check(path string) error {
	info, err := os.Lstat(path)
	if err != nil || info.Mode().IsRegular() {
		return nil //nolint:nilerr // opening it will give the same error
	}
	return NotRegular(path, info.Mode())
}

// NotRegular returns the error for a file of this mode.
func NotRegular(path string, mode fs.FileMode) *NotRegularError {
	kind := "device"
	switch mode.Type() {
	case fs.ModeNamedPipe:
		kind = "FIFO"
	case fs.ModeSocket:
		kind = "socket"
	case fs.ModeSymlink:
		kind = "symbolic link"
	case fs.ModeDir:
		kind = "directory"
	}
	return &NotRegularError{Path: path, Type: kind}
}

// Open opens a regular file. A file that it creates gets mode perm.
func Open(path string, flag int, perm fs.FileMode) (*os.File, error) {
	if err := Check(path); err != nil {
		return nil, err
	}
	file, err := os.OpenFile(path, flag|Flags, perm) // it may have been replaced since Check
	if err != nil {
		return nil, err
	}
	info, err := file.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = NotRegular(path, info.Mode())
	}
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return file, nil
}

// Read returns the content of a regular file.
func Read(path string) ([]byte, error) {
	file, err := Open(path, os.O_RDONLY, 0)
	if err != nil {
		return nil, err
	}
	text, err := io.ReadAll(file)
	return text, errors.Join(err, file.Close())
}
