//go:build linux

package chaos

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// files are the database files of a running system. They are changed without its
// knowledge, as users do: with mv, cp, rm and shell redirection.
type files struct {
	random *rand.Rand
	db     string // path of the database
	old    string // directory of older copies of it
	copies []string
}

// Suffixes of the database files that hold acknowledged writes, and of the others.
var (
	databaseFiles = []string{"", "-wal", "-shm"}
	helperFiles   = []string{"-witness", "-search"}
)

// save keeps a copy of the database as it is now, torn or not.
func (f *files) save() error {
	to := filepath.Join(f.old, fmt.Sprint(len(f.copies)))
	if err := copyOver(f.db, to); err != nil {
		return err
	}
	f.copies = append(f.copies, to)
	return nil
}

// harm does one thing to the files and returns its description.
func (f *files) harm(ctx context.Context) (what string, err error) {
	chosen := f.choose()
	switch dice := f.random.IntN(8); dice {
	case 0:
		return "remove " + names(chosen), f.each(chosen, os.Remove)
	case 1:
		return "rename " + names(chosen), f.each(chosen, f.away)
	case 2:
		what, err = "rename and put back "+names(chosen), f.each(chosen, f.away)
		pause(ctx, time.Duration(f.random.IntN(1500))*time.Millisecond)
		// This replaces files that were created at their paths meanwhile.
		return what, errors.Join(err, f.each(chosen, f.back))
	case 3:
		suffix := []string{"", "-wal"}[f.random.IntN(2)]
		return "empty " + names([]string{suffix}), os.Truncate(f.db+suffix, 0)
	default:
		return f.putOld(dice)
	}
}

// putOld puts an older copy in the place of the database.
func (f *files) putOld(dice int) (what string, err error) {
	recent := min(len(f.copies), 4)
	from := f.copies[len(f.copies)-1-f.random.IntN(recent)]
	withLog := f.random.IntN(2) == 0
	switch dice {
	case 4:
		what = "replace by an older copy"
		temporary := f.db + ".new"
		if err = copyOver(from, temporary); err == nil {
			err = os.Rename(temporary, f.db)
		}
	case 5:
		what = "overwrite with cp"
		err = copyOver(from, f.db)
	case 6:
		what = "overwrite with cat"
		err = overwrite(from, f.db, os.O_TRUNC)
	default:
		what = "overwrite without cutting short"
		err = overwrite(from, f.db, 0)
	}
	if withLog && err == nil {
		what += ", and remove -wal -shm"
		err = f.each([]string{"-wal", "-shm"}, os.Remove)
	}
	return what, err
}

// choose selects at random the files that are harmed together.
func (f *files) choose() []string {
	switch f.random.IntN(4) {
	case 0:
		return databaseFiles
	case 1:
		return append(slices.Clone(databaseFiles), helperFiles...)
	case 2:
		return []string{databaseFiles[f.random.IntN(len(databaseFiles))]}
	default:
		return []string{"-wal", "-shm"}
	}
}

func names(suffixes []string) string {
	return strings.TrimSpace(strings.Join(suffixes, " ") + " of " + fmt.Sprint(len(suffixes)))
}

// each calls do with each of the files that exist.
func (f *files) each(suffixes []string, do func(path string) error) error {
	for _, suffix := range suffixes {
		if err := do(f.db + suffix); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

func (f *files) away(path string) error { return os.Rename(path, path+".away") }
func (f *files) back(path string) error { return os.Rename(path+".away", path) }

// clear removes the database, as a user does after a message that it is damaged.
func (f *files) clear() error {
	return f.each(append(slices.Clone(databaseFiles), helperFiles...), os.Remove)
}

// copyOver works like cp: an existing file keeps its inode.
func copyOver(from, to string) error { return overwrite(from, to, os.O_CREATE|os.O_TRUNC) }

func overwrite(from, to string, flags int) error {
	text, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	file, err := os.OpenFile(to, os.O_WRONLY|flags, 0o600)
	if err != nil {
		return err
	}
	_, err = file.Write(text)
	return errors.Join(err, file.Close())
}
