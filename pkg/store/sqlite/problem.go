package sqlite

import (
	"errors"
	"fmt"
	"io/fs"
	"syscall"

	sqlite3 "modernc.org/sqlite/lib"

	"taskctl/pkg/message"
	"taskctl/pkg/task"
)

// Problem is the reason why a database file cannot be used.
type Problem uint8

// The problems a database file can have.
const (
	Unusable    Problem = iota // any other reason: see Err
	Corrupt                    // it is damaged
	NotDatabase                // it is not a database
	Foreign                    // it is a database of another program
	Newer                      // it was written by a newer taskctl
	ReadOnly                   // it, or its directory, cannot be written
	Full                       // there is no space left to create it
	Removed                    // it is no longer at its path, while it was in use
	Replaced                   // another file is at its path, or its content was replaced, while it was in use
)

// FileError is returned by Open if the file cannot be used. The file is unchanged.
type FileError struct {
	Path    string
	Problem Problem
	Err     error // the cause, if there is more to say
}

func (e *FileError) Error() string { return e.Describe(message.English) }

// Unwrap returns the cause.
func (e *FileError) Unwrap() error { return e.Err }

// Describe returns the problem and what can be done about it, in the user's language.
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
	case Removed:
		return l.DatabaseRemoved(e.Path)
	case Replaced:
		return l.DatabaseReplaced(e.Path)
	default:
		return l.DatabaseUnusable(e.Path, e.Err)
	}
}

// fileError turns an error of opening the file at path into a FileError.
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

// unavailable wraps an error of SQLite as task.ErrUnavailable, with the verb that
// failed. A damaged file remains another error, because a retry does not help.
func unavailable(verb string, err error) error {
	if damaged(err) {
		return fmt.Errorf("%s: %w", verb, err)
	}
	if errors.Is(err, task.ErrUnavailable) {
		return fmt.Errorf("%s: %w", verb, err)
	}
	return fmt.Errorf("%s: %w: %w", verb, task.ErrUnavailable, err)
}

func damaged(err error) bool {
	return code(err) == sqlite3.SQLITE_CORRUPT || code(err) == sqlite3.SQLITE_NOTADB
}
