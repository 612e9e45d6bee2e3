//go:build unix

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
	"taskctl/pkg/store/postgres"
	"taskctl/pkg/store/postgrestest"
	"taskctl/pkg/store/sqlite"
	"taskctl/pkg/supervisor"
	"taskctl/pkg/task"
	"taskctl/pkg/wait/waittest"
)

// examine runs all checks and returns the findings of one.
func examine(t *testing.T, cfg *config.Config, lang message.Lang, check string) []doctor.Finding {
	t.Helper()
	var found []doctor.Finding
	for _, f := range doctor.Examine(t.Context(), cfg, lang, os.Environ()) {
		if f.Check == check {
			found = append(found, f)
		}
	}
	return found
}

// expect checks that a finding with this state has the texts in detail or fix.
func expect(t *testing.T, found []doctor.Finding, state string, texts ...string) {
	t.Helper()
	for _, f := range found {
		missing := 0
		for _, text := range texts {
			if !strings.Contains(f.Detail+" "+f.Fix, text) {
				missing++
			}
		}
		if f.State == state && missing == 0 {
			return
		}
	}
	t.Errorf("no %s finding with %q in %+v", state, texts, found)
}

// TestCommands checks that a program that cannot be started is named with its
// component, and that an expected fault is only a warning.
func TestCommands(t *testing.T) {
	cfg := settings(t)
	script := filepath.Join(cfg.Dir, "built.sh")
	cfg.Components = []config.Component{
		{Name: "mailer", Command: []string{"no-such-program-of-taskctl"}},
		{Name: "build", Command: []string{"true"}, Job: true},
		{Name: "app", Command: []string{script}, After: []string{"build"}},
	}
	found := examine(t, cfg, message.English, "commands")
	expect(t, found, doctor.Bad, "mailer", "no-such-program-of-taskctl")
	expect(t, found, doctor.Warning, "app", "built.sh")
	expect(t, examine(t, cfg, message.Spanish, "commands"), doctor.Bad, "mailer", "PATH")

	cfg.Components = []config.Component{{Name: "mailer", Command: []string{"true"}, User: "no-such-user-of-taskctl"}}
	expect(t, examine(t, cfg, message.English, "settings"), doctor.Bad, "no-such-user-of-taskctl")
}

// TestStoppedComponent is a warning only if the component has run before.
func TestStoppedComponent(t *testing.T) {
	cfg := settings(t)
	run(t, cfg, &control.Status{Components: []control.ComponentStatus{
		{Name: "stopped", State: "stopped", Generation: 2}, {Name: "manual", State: "stopped"},
	}})
	found := examine(t, cfg, message.English, "components")
	expect(t, found, doctor.Warning, "stopped", "taskctl")
	if len(found) != 1 {
		t.Errorf("%+v, although a component without autostart is as it should be", found)
	}
}

// TestFilesThatAreNotRegular names what stands in the place of a log or of a file in
// data/.
func TestFilesThatAreNotRegular(t *testing.T) {
	cfg := settings(t)
	if err := os.MkdirAll(filepath.Join(cfg.LogDir(), "api.log"), 0o700); err != nil {
		t.Fatal(err)
	}
	expect(t, examine(t, cfg, message.English, "logs"), doctor.Bad, "api.log", "directory", "mv ")
	if err := os.MkdirAll(cfg.DataDir(), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(os.DevNull, cfg.LinkToken()); err != nil {
		t.Fatal(err)
	}
	expect(t, examine(t, cfg, message.English, "directories"), doctor.Bad, "link.token", "symbolic link", "remove it")
}

// TestDirectoryWithoutWriting uses one that even root cannot write to.
func TestDirectoryWithoutWriting(t *testing.T) {
	const dir = "/proc/self"
	if _, err := os.Stat(dir); err != nil {
		t.Skip("this system has no /proc")
	}
	cfg := settings(t)
	cfg.Dir = dir
	expect(t, examine(t, cfg, message.English, "directories"), doctor.Bad, dir)
}

// TestLeftProcess names a process that a killed launcher has left.
func TestLeftProcess(t *testing.T) {
	cfg := settings(t)
	file := cfg.Data(control.RunStateFile)
	if err := os.MkdirAll(cfg.DataDir(), 0o700); err != nil {
		t.Fatal(err)
	}
	state, err := supervisor.OpenRunState(file)
	if err != nil {
		t.Fatal(err)
	}
	defer state.Close()
	s, err := supervisor.New([]supervisor.Spec{{Name: "mailer", Runner: supervisor.Process{Path: "sleep", Args: []string{"600"}, Env: os.Environ()}}},
		supervisor.Options{RunState: state})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	<-s.Started()
	expect(t, examine(t, cfg, message.English, "leftovers"), doctor.Warning, "mailer", "sleep", "taskctl start")
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	waittest.For(t, "nothing left", func() bool {
		found := examine(t, cfg, message.English, "leftovers")
		return len(found) == 1 && found[0].State == doctor.Good
	})
}

// writeTasks commits tasks into the database of the settings.
func writeTasks(t *testing.T, cfg *config.Config, ids ...string) {
	t.Helper()
	store, err := sqlite.Open(t.Context(), sqlite.Options{Path: cfg.Database()})
	if err != nil {
		t.Fatal(err)
	}
	title := "checked"
	for _, id := range ids {
		patch := task.Patch{Title: &title, Description: new(string), Completed: new(bool)}
		if _, err := store.Write(t.Context(), task.Change{Kind: task.Create, ID: id, Patch: patch}); err != nil {
			t.Error(err)
		}
	}
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
}

// TestDatabase reads a good database, and reports that an older copy was put in its
// place.
func TestDatabase(t *testing.T) {
	cfg := settings(t)
	writeTasks(t, cfg, "018f0000-0000-7000-8000-000000000001")
	expect(t, examine(t, cfg, message.English, "database"), doctor.Good, "1")
	copied, err := os.ReadFile(cfg.Database())
	if err != nil {
		t.Fatal(err)
	}
	writeTasks(t, cfg, "018f0000-0000-7000-8000-000000000002", "018f0000-0000-7000-8000-000000000003")
	if err := os.WriteFile(cfg.Database(), copied, 0o600); err != nil {
		t.Fatal(err)
	}
	expect(t, examine(t, cfg, message.English, "database"), doctor.Warning, ":3", "may be lost")
}

// closedPort returns an address where no server listens.
func closedPort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	return l.Addr().String()
}

// TestBroker checks that a broker's server that cannot be used is a warning that names
// the server and the setting to correct.
func TestBroker(t *testing.T) {
	address := closedPort(t)
	for kind, tt := range map[string]struct {
		server      func(*config.Config) *config.BrokerServer
		scheme, tls string
	}{
		config.BrokerNATS:     {func(c *config.Config) *config.BrokerServer { return &c.NATS }, "nats", "tls"},
		config.BrokerRedis:    {func(c *config.Config) *config.BrokerServer { return &c.Redis }, "redis", "rediss"},
		config.BrokerRabbitMQ: {func(c *config.Config) *config.BrokerServer { return &c.RabbitMQ }, "amqp", "amqps"},
	} {
		t.Run(kind, func(t *testing.T) {
			cfg := settings(t)
			cfg.Broker = kind
			server := tt.server(cfg)
			server.URL = tt.scheme + "://" + address
			expect(t, examine(t, cfg, message.English, "broker"), doctor.Warning, address, kind+".url")
			expect(t, examine(t, cfg, message.Spanish, "broker"), doctor.Warning, address, kind+".url")

			server.URL = tt.tls + "://" + address
			server.CAFile = filepath.Join(t.TempDir(), "missing.pem")
			expect(t, examine(t, cfg, message.English, "broker"), doctor.Warning, "missing.pem", kind+".ca_file")
		})
	}
}

// TestPostgres examines servers that cannot be reached, are empty, are used, and do
// not sync.
func TestPostgres(t *testing.T) {
	cfg := settings(t)
	cfg.Store = config.StorePostgres
	address := closedPort(t)
	cfg.Postgres.URL = "postgres://taskctl@" + address + "/tasks?sslmode=disable"
	expect(t, examine(t, cfg, message.English, "database"), doctor.Bad, address)
	expect(t, examine(t, cfg, message.Spanish, "database"), doctor.Bad, address)

	server := postgrestest.Start(t, "synchronous_commit = off", "fsync = off")
	cfg.Postgres.URL = server.Database(t)
	found := examine(t, cfg, message.English, "database")
	expect(t, found, doctor.Good, cfg.Postgres.Schema)
	expect(t, found, doctor.Warning, "fsync", "on")
	expect(t, found, doctor.Warning, "synchronous_commit")
	expect(t, examine(t, cfg, message.English, "clock"), doctor.Good)

	store, err := postgres.Open(t.Context(), cfg.PostgresOptions())
	if err != nil {
		t.Fatal(err)
	}
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
	expect(t, examine(t, cfg, message.English, "database"), doctor.Good, cfg.Postgres.Schema, "last event: 0")
}
