//go:build unix

package control_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"taskctl/launcher/control"
	"taskctl/pkg/config"
	"taskctl/pkg/ownfile"
)

// emptyDir is a directory in which no launcher has run.
func emptyDir(t *testing.T) *config.Config {
	t.Helper()
	cfg := config.Default()
	cfg.Dir = t.TempDir()
	for _, dir := range []string{cfg.DataDir(), cfg.LogDir()} {
		if err := os.Mkdir(dir, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	return cfg
}

func TestDirectoriesOfOthersAreRefused(t *testing.T) {
	for name, harm := range map[string]func(*testing.T, *config.Config) (path string){
		"data is writable for everybody": func(_ *testing.T, cfg *config.Config) string {
			_ = os.Chmod(cfg.DataDir(), 0o777)
			return cfg.DataDir()
		},
		"logs is writable for the group": func(_ *testing.T, cfg *config.Config) string {
			_ = os.Chmod(cfg.LogDir(), 0o770)
			return cfg.LogDir()
		},
		"data belongs to another user": func(t *testing.T, cfg *config.Config) string {
			chown(t, cfg.DataDir())
			return cfg.DataDir()
		},
		"another user's link in the place of a log": func(t *testing.T, cfg *config.Config) string {
			link := filepath.Join(cfg.LogDir(), "api.log")
			_ = os.Symlink("/etc/passwd", link)
			chown(t, link)
			return link
		},
		"another user's run state": func(t *testing.T, cfg *config.Config) string {
			_ = os.WriteFile(cfg.Data(control.RunStateFile), nil, 0o644)
			chown(t, cfg.Data(control.RunStateFile))
			return cfg.Data(control.RunStateFile)
		},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := emptyDir(t)
			path := harm(t, cfg)
			_, err := control.Lock(t.Context(), cfg)
			var refused *control.UnsafeError
			if !errors.As(err, &refused) || refused.Path != path {
				t.Errorf("Lock returned %v", err)
			}
		})
	}
}

func chown(t *testing.T, path string) {
	t.Helper()
	if err := os.Lchown(path, 65534, 65534); err != nil {
		t.Skip(err) // only root can
	}
}

func TestModeOfDataIsTightened(t *testing.T) {
	cfg := emptyDir(t)
	if err := os.Chmod(cfg.DataDir(), 0o755); err != nil {
		t.Fatal(err)
	}
	lock, err := control.Lock(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer lock.Release()
	if info, err := os.Stat(cfg.DataDir()); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("its mode is %v, %v", info.Mode(), err)
	}
}

// Files that were copied into data/ are made private; anything but a regular file is
// refused.
func TestFilesOfData(t *testing.T) {
	cfg := emptyDir(t)
	loose := []string{cfg.Data("taskctl.db-search"), cfg.Data("hooks/a.dead.jsonl")}
	if err := os.Mkdir(cfg.Data("hooks"), 0o700); err != nil {
		t.Fatal(err)
	}
	for _, path := range loose {
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(path, 0o664); err != nil { // whatever the umask
			t.Fatal(err)
		}
	}
	lock, err := control.Lock(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer lock.Release()
	for _, path := range loose {
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v", path, info.Mode(), err)
		}
	}
	for _, file := range []string{"run.json", "link.token", "internal.token", "tokens", "sessions", "taskctl.db-witness", "hooks/status.json"} {
		for kind, place := range map[string]func(path string) error{
			"FIFO":          func(path string) error { return syscall.Mkfifo(path, 0o600) },
			"symbolic link": func(path string) error { return os.Symlink("/etc/passwd", path) },
		} {
			path := cfg.Data(file)
			if err := place(path); err != nil {
				t.Fatal(err)
			}
			var refused *ownfile.NotRegularError
			if err := control.CheckDirectories(cfg); !errors.As(err, &refused) || refused.Path != path || refused.Type != kind {
				t.Errorf("a %s as %s: %v", kind, file, err)
			}
			if err := os.Remove(path); err != nil {
				t.Fatal(err)
			}
		}
	}
	elsewhere := filepath.Join(cfg.Dir, "elsewhere.db")
	if err := os.WriteFile(elsewhere, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(elsewhere, cfg.Database()); err != nil {
		t.Fatal(err)
	}
	if err := control.CheckDirectories(cfg); err != nil {
		t.Errorf("a database on another disk: %v", err)
	}
}

// A FIFO or a link at the path of a launcher's file neither blocks the launcher nor is
// written through.
func TestNotARegularFile(t *testing.T) {
	for _, file := range []string{"launcher.lock", "launcher.pid"} {
		t.Run("a FIFO as "+file, func(t *testing.T) {
			cfg := emptyDir(t)
			if err := syscall.Mkfifo(cfg.Data(file), 0o600); err != nil {
				t.Skip(err)
			}
			if _, err := control.Lock(t.Context(), cfg); err == nil || !strings.Contains(err.Error(), file) && !strings.Contains(err.Error(), "pid") {
				t.Errorf("Lock returned %v", err)
			}
			if file == "launcher.lock" {
				if _, err := control.Owner(cfg); err == nil || !strings.Contains(err.Error(), file) {
					t.Errorf("Owner returned %v", err)
				}
			}
		})
		t.Run("a link as "+file, func(t *testing.T) {
			cfg := emptyDir(t)
			victim := filepath.Join(cfg.Dir, "victim")
			if err := os.WriteFile(victim, []byte("precious"), 0o600); err != nil {
				t.Fatal(err)
			}
			if err := os.Symlink(victim, cfg.Data(file)); err != nil {
				t.Fatal(err)
			}
			if _, err := control.Lock(t.Context(), cfg); err == nil {
				t.Error("the link was followed")
			}
			if text, err := os.ReadFile(victim); err != nil || string(text) != "precious" {
				t.Errorf("the file that it leads to is %q, %v", text, err)
			}
		})
	}
}

// After the state files of a running system are removed, its launcher is still found by
// its answer, and a second start is refused.
func TestStateFilesRemoved(t *testing.T) {
	for _, files := range [][]string{{"launcher.pid"}, {"launcher.lock"}, {"launcher.pid", "launcher.lock"}} {
		t.Run(strings.Join(files, " and "), func(t *testing.T) {
			s := newSystem()
			cfg, c := serve(t, s)
			for _, file := range files {
				if err := os.Remove(cfg.Data(file)); err != nil {
					t.Fatal(err)
				}
			}
			o, err := control.Owner(cfg)
			if err != nil || o.PID != os.Getpid() {
				t.Fatalf("the owner is %+v, %v", o, err)
			}
			var running *control.AlreadyRunningError
			if _, err := control.Lock(t.Context(), cfg); !errors.As(err, &running) || running.PID != os.Getpid() {
				t.Errorf("Lock returned %v", err)
			}
			if _, err := c.For(o).Stop(t.Context()); err != nil {
				t.Errorf("stop: %v", err)
			}
		})
	}
}

// A request for a launcher that has ended does not reach the next one.
func TestRequestForAnotherLauncher(t *testing.T) {
	s := newSystem()
	cfg, c := serve(t, s)
	o, err := control.Owner(cfg)
	if err != nil {
		t.Fatal(err)
	}
	before := o
	before.Started--
	if _, err := c.For(before).Stop(t.Context()); !errors.Is(err, control.ErrEnded) {
		t.Errorf("stop of the one before: %v", err)
	}
	select {
	case <-s.stopped:
		t.Error("the next one was stopped")
	default:
	}
	if err := before.WaitEnded(t.Context(), cfg); err != nil {
		t.Error(err)
	}
	if _, err := c.For(o).Stop(t.Context()); err != nil {
		t.Errorf("its own stop: %v", err)
	}
}
