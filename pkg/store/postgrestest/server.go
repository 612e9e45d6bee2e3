//go:build unix

// Package postgrestest starts PostgreSQL servers for tests. Each has a new cluster in a
// temporary directory and a Unix socket, so it needs no port and does not touch other
// servers of the machine.
package postgrestest

import (
	"bytes"
	"context"
	"crypto/rand"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

// Required is an environment variable. If it is set, as in continuous integration,
// tests fail instead of being skipped if PostgreSQL is missing.
const Required = "TASKCTL_TEST_POSTGRES"

// timeout bounds every wait for a server.
const timeout = 60 * time.Second

// stopTimeout is how long Stop waits before it ends the server at once: a fast stop
// during the recovery from a killed backend can hang (seen with PostgreSQL 15).
const stopTimeout = 20 * time.Second

// Server is one cluster.
type Server struct {
	dir     string // of the cluster and its socket
	bin     string
	process *exec.Cmd
	ended   chan struct{} // closed when the process has ended
	unlock  chan struct{} // closed when the thread that started it may end
	log     bytes.Buffer
	mu      sync.Mutex
}

// Find returns the directory of the server's programs, or "".
func Find() string {
	candidates, _ := filepath.Glob("/usr/lib/postgresql/*/bin") // the pattern is valid
	slices.Sort(candidates)
	slices.Reverse(candidates) // the newest first
	if path, err := exec.LookPath("initdb"); err == nil {
		candidates = append(candidates, filepath.Dir(path))
	}
	for _, dir := range candidates {
		if _, err := os.Stat(filepath.Join(dir, "initdb")); err == nil {
			return dir
		}
	}
	return ""
}

// Start creates a cluster and starts its server until the test ends. It skips the test
// if PostgreSQL is missing. settings are lines of postgresql.conf.
func Start(t testing.TB, settings ...string) *Server {
	t.Helper()
	s := create(t)
	s.run(t, filepath.Join(s.bin, "initdb"), "-D", s.data(), "-U", "postgres", "-A", "trust",
		"-E", "UTF8", "--locale=C.UTF-8", "--no-sync", "--no-instructions")
	s.configure(t, append([]string{"max_connections = 200", "shared_buffers = 64MB", "max_wal_senders = 4", "wal_keep_size = 64MB"}, settings...)...)
	s.Start(t)
	return s
}

func create(t testing.TB) *Server {
	t.Helper()
	s := &Server{bin: Find()}
	if s.bin == "" {
		const reason = "PostgreSQL's server programs are not installed (looked for initdb in /usr/lib/postgresql/*/bin and PATH)"
		if os.Getenv(Required) != "" {
			t.Fatal(reason)
		}
		t.Skip(reason)
	}
	dir, err := os.MkdirTemp("", "taskctl-pg-") // the path of t.TempDir may be too long for a socket
	if err != nil {
		t.Fatal(err)
	}
	s.dir = dir
	t.Cleanup(func() {
		s.Kill()
		_ = os.RemoveAll(dir) // leftovers are in the temporary directory
	})
	if uid, gid, ok := owner(); ok {
		if err := os.Chown(dir, uid, gid); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

// configure appends lines to the server's settings.
func (s *Server) configure(t testing.TB, lines ...string) {
	t.Helper()
	file, err := os.OpenFile(filepath.Join(s.data(), "postgresql.conf"), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	own := []string{"listen_addresses = ''", "unix_socket_directories = '" + s.dir + "'", "port = 5432", "fsync = off", "logging_collector = off"}
	if _, err := file.WriteString("\n" + strings.Join(append(own, lines...), "\n") + "\n"); err != nil {
		t.Fatal(err)
	}
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
}

func (s *Server) data() string { return filepath.Join(s.dir, "data") }

// Socket is the path of the server's socket.
func (s *Server) Socket() string { return filepath.Join(s.dir, ".s.PGSQL.5432") }

// URL is the URL of a database of the server.
func (s *Server) URL(database string) string {
	u := url.URL{Scheme: "postgres", User: url.User("postgres"), Path: "/" + database, RawQuery: "host=" + url.QueryEscape(s.dir)}
	return u.String()
}

// run runs one of PostgreSQL's programs to its end.
func (s *Server) run(t testing.TB, name string, args ...string) string {
	t.Helper()
	cmd := exec.Command(name, args...)
	asOwner(cmd)
	cmd.Dir = s.dir
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", filepath.Base(name), err, out)
	}
	return string(out)
}

// Start starts the server again after Stop or Kill, and waits until it answers.
func (s *Server) Start(t testing.TB) {
	t.Helper()
	cmd := exec.Command(filepath.Join(s.bin, "postgres"), "-D", s.data())
	asOwner(cmd)
	cmd.Dir = s.dir
	cmd.Stderr, cmd.Stdout = (*output)(s), (*output)(s)
	started := make(chan error)
	s.process, s.ended, s.unlock = cmd, make(chan struct{}), make(chan struct{})
	go func(ended, unlock chan struct{}) {
		// The server is killed when the thread that started it ends.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		started <- err
		if err == nil {
			_ = cmd.Wait() // the test decides how it ends
			close(ended)
			<-unlock
		}
	}(s.ended, s.unlock)
	if err := <-started; err != nil {
		t.Fatal(err)
	}
	s.await(t)
}

// output collects the output of the server.
type output Server

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.log.Write(p)
}

// Log is the output of the server so far.
func (s *Server) Log() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.log.String()
}

// await waits until the server answers.
func (s *Server) await(t testing.TB) {
	t.Helper()
	ticker := time.NewTicker(10 * time.Millisecond)
	defer ticker.Stop()
	deadline := time.After(timeout)
	for {
		c, err := pgconn.Connect(t.Context(), s.URL("postgres"))
		if err == nil {
			_ = c.Close(t.Context())
			return
		}
		select {
		case <-ticker.C:
		case <-s.ended:
			t.Fatalf("the server ended:\n%s", s.Log())
		case <-deadline:
			t.Fatalf("the server does not answer: %v\n%s", err, s.Log())
		}
	}
}

// Signal sends a signal to the postmaster.
func (s *Server) Signal(signal os.Signal) {
	if s.process != nil && s.process.Process != nil {
		_ = s.process.Process.Signal(signal) // it may have ended
	}
}

// Stop ends the server: SIGQUIT as `pg_ctl stop -m immediate`, SIGINT as fast, which
// becomes immediate after stopTimeout.
func (s *Server) Stop(signal os.Signal) {
	if s.process == nil {
		return
	}
	s.Signal(signal)
	select {
	case <-s.ended:
	case <-time.After(stopTimeout):
		s.Signal(syscall.SIGQUIT)
		<-s.ended
	}
	close(s.unlock)
	s.process = nil
}

// Kill kills the server; its backends then end by themselves.
func (s *Server) Kill() {
	s.Signal(syscall.SIGCONT)
	s.Stop(syscall.SIGQUIT)
}

// Exec runs SQL and returns the first column of the first row.
func (s *Server) Exec(t testing.TB, database, sql string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), timeout)
	defer cancel()
	c, err := pgconn.Connect(ctx, s.URL(database))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close(ctx) }() // the answer has been read
	results, err := c.Exec(ctx, sql).ReadAll()
	if err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	for _, r := range results {
		if len(r.Rows) > 0 {
			return string(r.Rows[0][0])
		}
	}
	return ""
}

// Database creates an empty database and returns its URL.
func (s *Server) Database(t testing.TB) string {
	t.Helper()
	name := "test_" + strings.ToLower(rand.Text()[:12])
	s.Exec(t, "postgres", "CREATE DATABASE "+name)
	return s.URL(name)
}

// Replica creates a server that replicates this one, with pg_basebackup and streaming.
func (s *Server) Replica(t testing.TB, settings ...string) *Server {
	t.Helper()
	r := create(t)
	r.run(t, filepath.Join(s.bin, "pg_basebackup"), "-h", s.dir, "-U", "postgres", "-D", r.data(), "-R", "-X", "stream", "--checkpoint=fast")
	r.configure(t, settings...)
	r.Start(t)
	return r
}

// Promote makes a replica a primary, and waits until it accepts writes.
func (s *Server) Promote(t testing.TB) {
	t.Helper()
	s.Exec(t, "postgres", "SELECT pg_promote(true, 60)")
}

// Dump returns the output of pg_dump for a database.
func (s *Server) Dump(t testing.TB, url string) (dump string) {
	t.Helper()
	return s.run(t, filepath.Join(s.bin, "pg_dump"), "--no-owner", url)
}

// Restore loads a dump into an empty database.
func (s *Server) Restore(t testing.TB, url, dump string) {
	t.Helper()
	file := filepath.Join(s.dir, "dump.sql")
	if err := os.WriteFile(file, []byte(dump), 0o644); err != nil { // the server's user reads it
		t.Fatal(err)
	}
	s.run(t, filepath.Join(s.bin, "psql"), "-q", "-v", "ON_ERROR_STOP=1", "-f", file, url)
}

// User creates a user with a password, and returns the URL of a database for that user,
// without the password.
func (s *Server) User(t testing.TB, name, password, database string) string {
	t.Helper()
	s.Exec(t, "postgres", "CREATE ROLE "+name+" LOGIN PASSWORD '"+password+"'")
	path := filepath.Join(s.data(), "pg_hba.conf")
	rules, err := os.ReadFile(path)
	if err == nil {
		err = os.WriteFile(path, append([]byte("local all "+name+" scram-sha-256\nhost all "+name+" all scram-sha-256\n"), rules...), 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	s.Exec(t, "postgres", "SELECT pg_reload_conf()")
	u, err := url.Parse(database)
	if err != nil {
		t.Fatal(err)
	}
	u.User = url.User(name)
	return u.String()
}
