package doctor_test

import (
	"context"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"taskctl/launcher/control"
	"taskctl/launcher/doctor"
	"taskctl/pkg/config"
	"taskctl/pkg/message"
)

func settings(t *testing.T) *config.Config {
	t.Helper()
	cfg := config.Default()
	cfg.Dir = t.TempDir()
	cfg.API.Addr, cfg.WSServer.Addr = "127.0.0.1:0", "127.0.0.1:0"
	return cfg
}

func write(t *testing.T, path string, mode os.FileMode) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte("neither a database nor a socket\n"), mode); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, mode); err != nil {
		t.Fatal(err)
	}
}

// system imitates a running system for commands.
type system struct {
	control.System
	status control.Status
}

func (s system) Status(context.Context) control.Status { return s.status }

// run makes the test a launcher that answers with a status, or not at all.
func run(t *testing.T, cfg *config.Config, answer *control.Status) {
	t.Helper()
	lock, err := control.Lock(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = lock.Release() })
	if err := lock.SetStage(control.StageServing); err != nil {
		t.Fatal(err)
	}
	if answer == nil {
		return
	}
	server, err := control.Serve(cfg, system{status: *answer})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
}

// TestFindings causes one fault at a time and looks for its finding.
func TestFindings(t *testing.T) {
	for name, tt := range map[string]struct {
		harm   func(*testing.T, *config.Config)
		check  string
		state  string
		detail string
	}{
		"nothing": {func(*testing.T, *config.Config) {}, "launcher", doctor.Good, message.English.DoctorNotRunning()},
		"a running system": {func(t *testing.T, cfg *config.Config) {
			run(t, cfg, &control.Status{State: control.Ready})
		}, "launcher", doctor.Good, "pid"},
		"a launcher that does not answer": {func(t *testing.T, cfg *config.Config) { run(t, cfg, nil) }, "launcher", doctor.Bad, "answer"},
		"a failed component": {func(t *testing.T, cfg *config.Config) {
			run(t, cfg, &control.Status{Components: []control.ComponentStatus{{Name: "mailer", State: "failed"}}})
		}, "components", doctor.Bad, "mailer"},
		"a component that is starting": {func(t *testing.T, cfg *config.Config) {
			run(t, cfg, &control.Status{Components: []control.ComponentStatus{{Name: "api", State: "ready"}, {Name: "mailer", State: "starting"}}})
		}, "components", doctor.Warning, "mailer"},
		"a stale socket": {func(t *testing.T, cfg *config.Config) {
			write(t, control.SocketPath(cfg), 0o600)
		}, "launcher", doctor.Warning, "control.sock"},
		"a run state that cannot be read": {func(t *testing.T, cfg *config.Config) {
			write(t, filepath.Join(cfg.Data(control.RunStateFile), "file"), 0o600)
		}, "leftovers", doctor.Warning, "run.json"},
		"logs that are a file": {func(t *testing.T, cfg *config.Config) {
			write(t, cfg.LogDir(), 0o600)
		}, "directories", doctor.Bad, "logs"},
		"a directory that everybody can write to": {func(t *testing.T, cfg *config.Config) {
			if err := os.Mkdir(cfg.DataDir(), 0o700); err != nil {
				t.Fatal(err)
			}
			if err := os.Chmod(cfg.DataDir(), 0o777); err != nil {
				t.Fatal(err)
			}
		}, "directories", doctor.Bad, "can be changed by other users"},
		"a secret that everybody can read": {func(t *testing.T, cfg *config.Config) {
			write(t, cfg.LinkToken(), 0o644)
		}, "secrets", doctor.Warning, "link.token"},
		"a file with a token that everybody can read": {func(t *testing.T, cfg *config.Config) {
			cfg.Auth.TokenFile = "token"
			write(t, filepath.Join(cfg.Dir, "token"), 0o644)
		}, "secrets", doctor.Warning, "token"},
		"a port that is taken": {func(t *testing.T, cfg *config.Config) {
			l, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = l.Close() })
			cfg.API.Addr = l.Addr().String()
		}, "ports", doctor.Bad, "api.addr"},
		"an address that cannot be": {func(_ *testing.T, cfg *config.Config) {
			cfg.API.Addr = "192.0.2.1:0"
		}, "ports", doctor.Bad, "192.0.2.1"},
		"a file that is no database": {func(t *testing.T, cfg *config.Config) {
			write(t, cfg.Database(), 0o600)
		}, "database", doctor.Bad, ""},
		"more logs than the disk holds": {func(_ *testing.T, cfg *config.Config) {
			cfg.Logs.MaxTotal = 1 << 60
		}, "disk", doctor.Warning, ""},
		"more clients than descriptors": {func(_ *testing.T, cfg *config.Config) {
			cfg.WSServer.MaxClients = 1 << 40
		}, "files", doctor.Warning, ""},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := settings(t)
			tt.harm(t, cfg)
			var seen []string
			for _, f := range doctor.Examine(t.Context(), cfg, message.English, os.Environ()) {
				if f.Check == tt.check && f.State == tt.state && strings.Contains(f.Detail, tt.detail) {
					if f.State != doctor.Good && f.Fix == "" && f.Check != "leftovers" {
						t.Errorf("%+v names no way out", f)
					}
					return
				}
				seen = append(seen, f.Check+" "+f.State+": "+f.Detail)
			}
			t.Errorf("no %s finding of %s with %q among:\n%s", tt.state, tt.check, tt.detail, strings.Join(seen, "\n"))
		})
	}
}

func TestNothingIsChanged(t *testing.T) {
	cfg := settings(t)
	doctor.Examine(t.Context(), cfg, message.English, os.Environ())
	entries, err := os.ReadDir(cfg.Dir)
	if err != nil || len(entries) > 0 {
		t.Errorf("in the directory are %v, %v", entries, err)
	}
}
