//go:build unix

package ownfile_test

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"taskctl/pkg/ownfile"
)

func TestOpen(t *testing.T) {
	dir := t.TempDir()
	victim := filepath.Join(dir, "victim")
	if err := os.WriteFile(victim, []byte("precious"), 0o600); err != nil {
		t.Fatal(err)
	}
	for kind, place := range map[string]func(path string) error{
		"FIFO":          func(path string) error { return syscall.Mkfifo(path, 0o600) },
		"symbolic link": func(path string) error { return os.Symlink(victim, path) },
		"directory":     func(path string) error { return os.Mkdir(path, 0o700) },
	} {
		path := filepath.Join(dir, kind)
		if err := place(path); err != nil {
			t.Fatal(err)
		}
		for _, flag := range []int{os.O_RDONLY, os.O_WRONLY | os.O_CREATE | os.O_TRUNC, os.O_RDWR | os.O_CREATE} {
			file, err := ownfile.Open(path, flag, 0o600)
			if refused := (*ownfile.NotRegularError)(nil); !errors.As(err, &refused) || refused.Type != kind || refused.Path != path {
				t.Errorf("%s opened with flag %d: %v, %v", kind, flag, file, err)
			}
		}
		if _, err := ownfile.Read(path); err == nil {
			t.Errorf("%s is read", kind)
		}
	}
	if text, err := ownfile.Read(victim); err != nil || string(text) != "precious" {
		t.Errorf("the file has %q, %v", text, err)
	}
	if _, err := ownfile.Read(filepath.Join(dir, "missing")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a missing file: %v", err)
	}
}
