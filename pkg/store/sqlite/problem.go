package sqlite

import (
	"errors"
	"fmt"
	"io/fs"
	"syscall"

	sqlite3 "modernc.org/sqlite/lib"

	"github.com/taskctl/taskctl/pkg/message"
	"github.com/taskctl/taskctl/pkg/task"
)

// Problem says why a database file cannot be used.
type Problem uint8

// The problems a database file can have.
const (
	Unusable    Problem = iota // any other: Err says
	Corrupt                    // it was a database, and is damaged
	NotDatabase                // it is something else
	Foreign                    // it is a database of another program
	Newer                      // a newer taskctl wrote it
	ReadOnly                   // it, or its directory, cannot be written
	Full                       // there is no space left to create it
)

// FileError is returned by Open when the file cannot be used. The file has been
// left as it was.
type FileError struct {
	Path    string
	Problem Problem
	Err     error // the cause; nil where the problem says it all
}

func (e *FileError) Error() string { return e.Describe(message.English) }

// Unwrap returns the cause.
func (e *FileError) Unwrap() error { return e.Err }

// Describe says what is wrong and what can be done, in the reader's language.
func (e *FileError) Describe(l message.Lang) string {
	switch e.Problem {
	case Corrupt:
		return l.DatabaseCorrupt(e.Path)
	case NotDatabase:
		return l.DatabaseNotOne(e.Path)
	case Foreign:
		return l.DatabaseForeign(e.Path)
	case Newer:
		return l.DatabaseNewer(e.Path)
	case ReadOnly:
		return l.DatabaseReadOnly(e.Path)
	case Full:
		return l.DatabaseFull(e.Path)
	default:
		return l.DatabaseUnusable(e.Path, e.Err)
	}
}

// fileError names the problem behind an error of opening the file at path.
func fileError(path string, err error) error {
	var already *FileError
	if err == nil || errors.As(err, &already) {
		return err
	}
	e := &FileError{Path: path, Err: err}
	switch code(err) {
	case sqlite3.SQLITE_CORRUPT:
		e.Problem = Corrupt
	case sqlite3.SQLITE_NOTADB:
		e.Problem = NotDatabase
	case sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM:
		e.Problem = ReadOnly
	case sqlite3.SQLITE_FULL:
		e.Problem = Full
	}
	switch {
	case errors.Is(err, fs.ErrPermission), errors.Is(err, syscall.EROFS):
		e.Problem = ReadOnly
	case errors.Is(err, syscall.ENOSPC):
		e.Problem = Full
	}
	return e
}

// unavailable wraps what the driver said while it did what verb names. A
// damaged file stays an error of its own: trying again will not help.
func unavailable(verb string, err error) error {
	if damaged(err) {
		return fmt.Errorf("%s: %w", verb, err)
	}
	return fmt.Errorf("%s: %w: %w", verb, task.ErrUnavailable, err)
}

func damaged(err error) bool {
	return code(err) == sqlite3.SQLITE_CORRUPT || code(err) == sqlite3.SQLITE_NOTADB
}
