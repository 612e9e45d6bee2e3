package launcher_test

import (
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"taskctl/launcher"
	"taskctl/launcher/control"
	"taskctl/launcher/ports"
	"taskctl/pkg/config"
)

// TestFailingStartUnwinds makes every step of the start fail, and checks that nothing
// is left open and that a start without the fault succeeds.
func TestFailingStartUnwinds(t *testing.T) {
	mustWrite := func(path string) {
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte("an obstacle, and no database\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for name, tt := range map[string]struct {
		obstacle func(*config.Config) (remove func())
		check    func(error) bool
	}{
		"the data directory is a file": {
			obstacle: func(cfg *config.Config) func() {
				mustWrite(cfg.DataDir())
				return func() { _ = os.Remove(cfg.DataDir()) }
			},
			check: func(err error) bool { return strings.Contains(err.Error(), "create ") },
		},
		"the log directory is a file": {
			obstacle: func(cfg *config.Config) func() {
				mustWrite(cfg.LogDir())
				return func() { _ = os.Remove(cfg.LogDir()) }
			},
			check: func(err error) bool { return strings.Contains(err.Error(), "logs") },
		},
		"both ports are taken": {
			obstacle: func(cfg *config.Config) func() {
				var remove []func() error
				for _, addr := range []*string{&cfg.API.Addr, &cfg.WSServer.Addr} {
					l, err := net.Listen("tcp", "127.0.0.1:0")
					if err != nil {
						t.Fatal(err)
					}
					*addr = l.Addr().String()
					remove = append(remove, l.Close)
				}
				return func() { _, _ = remove[0](), remove[1]() }
			},
			check: func(err error) bool {
				var taken *ports.TakenError
				return errors.As(err, &taken) && taken.Component == config.API && taken.Also.Component == config.WSServer &&
					taken.Holder.PID == int32(os.Getpid())
			},
		},
		"the control socket cannot be made": {
			obstacle: func(cfg *config.Config) func() {
				mustWrite(filepath.Join(control.SocketPath(cfg), "file"))
				return func() { _ = os.RemoveAll(control.SocketPath(cfg)) }
			},
			check: func(err error) bool { return strings.Contains(err.Error(), "control socket") },
		},
		"the database is none": {
			obstacle: func(cfg *config.Config) func() {
				mustWrite(cfg.Database())
				return func() { _ = os.Remove(cfg.Database()) }
			},
			check: func(err error) bool {
				var notReady *launcher.NotReadyError
				return errors.As(err, &notReady) && notReady.Component == config.WSServer && notReady.LogFile != ""
			},
		},
		"the record of the test task cannot be written": {
			obstacle: func(cfg *config.Config) func() {
				mustWrite(filepath.Join(cfg.Data("test-task.json.tmp"), "file"))
				return func() { _ = os.RemoveAll(cfg.Data("test-task.json.tmp")) }
			},
			check: func(err error) bool { return strings.Contains(err.Error(), "record the test task") },
		},
	} {
		t.Run(name, func(t *testing.T) {
			before := descriptors(t)
			cfg := settings(t)
			timeout := cfg.Start.Timeout
			cfg.Start.Timeout, cfg.Restart.Max = 2*time.Second, 1 // the failure is known by then
			remove := tt.obstacle(cfg)
			r := start(t, cfg, inProcess)
			r.await(r.ended, "failure")
			if r.err == nil || !tt.check(r.err) {
				t.Errorf("Run returned %v", r.err)
			}
			remove()
			assertReleased(t, cfg)
			assertNoneLeaked(t, before)
			cfg.Start.Timeout = timeout
			again := start(t, cfg, inProcess)
			again.awaitReady()
			if err := again.stop(); err != nil {
				t.Errorf("the start after it: %v", err)
			}
		})
	}
}
