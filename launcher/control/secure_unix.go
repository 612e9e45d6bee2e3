//go:build unix

package control

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"taskctl/pkg/config"
	"taskctl/pkg/ownfile"
)

// secureDirectories creates data/ and logs/ if they are missing, checks them, and makes
// data/ private.
func secureDirectories(cfg *config.Config) error {
	for dir, mode := range map[string]fs.FileMode{cfg.DataDir(): 0o700, cfg.LogDir(): 0o755} {
		if err := os.MkdirAll(dir, mode); err != nil {
			return fmt.Errorf("create %s: %w", dir, err)
		}
	}
	if err := CheckDirectories(cfg); err != nil {
		return err
	}
	return errors.Join(tighten(cfg.DataDir()), tightenFiles(cfg.DataDir()))
}

// CheckDirectories returns an *UnsafeError if another user can put files into data/ or
// logs/, or has done so: taskctl would write through a planted link, and a forged run
// state would make it kill this user's processes. It returns an
// *ownfile.NotRegularError if a file of data/ is not a regular file. Directories may be
// missing.
func CheckDirectories(cfg *config.Config) error {
	for _, dir := range []string{cfg.DataDir(), cfg.LogDir()} {
		if link, err := os.Lstat(dir); err == nil { // the directory may be a link of this user
			if err := checkOwner(dir, link); err != nil {
				return err
			}
		}
		info, err := os.Stat(dir)
		if errors.Is(err, fs.ErrNotExist) || err == nil && !info.IsDir() {
			continue
		}
		if err != nil {
			return err
		}
		if err := checkOwner(dir, info); err != nil {
			return err
		}
		if info.Mode().Perm()&0o022 != 0 {
			return &UnsafeError{Path: dir, Mode: info.Mode().Perm(), Owner: -1}
		}
		if err := checkFiles(dir); err != nil {
			return err
		}
	}
	return checkRegular(cfg)
}

// checkRegular refuses links, FIFOs and devices in data/. Only the database may be a
// link, to another disk.
func checkRegular(cfg *config.Config) error {
	return eachFile(cfg.DataDir(), func(path string, info fs.FileInfo) error {
		switch info.Mode().Type() {
		case 0, fs.ModeSocket:
			return nil
		case fs.ModeSymlink:
			if path == cfg.Database() {
				return nil
			}
		}
		return ownfile.NotRegular(path, info.Mode())
	})
}

// tightenFiles makes the files of a directory private to this user, because copied
// files may not be.
func tightenFiles(dir string) error {
	return eachFile(dir, func(path string, info fs.FileInfo) error {
		if !info.Mode().IsRegular() || info.Mode().Perm()&0o077 == 0 {
			return nil
		}
		return os.Chmod(path, info.Mode().Perm()&0o700)
	})
}

// eachFile calls do for every file below a directory, except files that are removed
// meanwhile.
func eachFile(dir string, do func(path string, info fs.FileInfo) error) error {
	return filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			var info fs.FileInfo
			if info, err = entry.Info(); err == nil {
				err = do(path, info)
			}
		}
		if errors.Is(err, fs.ErrNotExist) {
			return nil // removed meanwhile
		}
		return err
	})
}

// checkFiles refuses files of other users, links included.
func checkFiles(dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		info, err := entry.Info() // of a link itself, not of its target
		if errors.Is(err, fs.ErrNotExist) {
			continue // removed meanwhile
		}
		if err != nil {
			return err
		}
		if err := checkOwner(filepath.Join(dir, entry.Name()), info); err != nil {
			return err
		}
	}
	return nil
}

// checkOwner refuses a file of another user.
func checkOwner(path string, info fs.FileInfo) error {
	if stat, known := info.Sys().(*syscall.Stat_t); known && int(stat.Uid) != os.Geteuid() {
		return &UnsafeError{Path: path, Owner: int(stat.Uid)}
	}
	return nil
}

// tighten makes a directory private to this user.
func tighten(dir string) error {
	info, err := os.Stat(dir)
	if err == nil && info.Mode().Perm()&0o077 != 0 {
		err = os.Chmod(dir, info.Mode().Perm()&0o700)
	}
	return err
}
