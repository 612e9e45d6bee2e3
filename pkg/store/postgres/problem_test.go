//go:build unix

package postgres

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"taskctl/pkg/message"
	"taskctl/pkg/store/postgrestest"
)

// TestProblems opens unusable databases: each problem has a message, and none contains
// a password.
func TestProblems(t *testing.T) {
	const password = "s3cret-passw0rd"
	server := postgrestest.Start(t)
	database := server.Database(t)
	name := func(u string) string {
		parsed, err := url.Parse(u)
		if err != nil {
			t.Fatal(err)
		}
		return strings.TrimPrefix(parsed.Path, "/")
	}
	user := server.User(t, "alice", password, database)
	withPassword := strings.Replace(user, "alice@", "alice:"+password+"@", 1)
	newer, foreign := server.Database(t), server.Database(t)
	open(t, Options{URL: newer})
	server.Exec(t, name(newer), "INSERT INTO taskctl.migrations VALUES (99)")
	server.Exec(t, name(foreign), "CREATE TABLE public.tasks (id int)")
	server.Exec(t, "postgres", "CREATE DATABASE latin ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0")
	readOnly := server.Database(t)
	server.Exec(t, "postgres", "ALTER DATABASE "+name(readOnly)+" SET default_transaction_read_only = on")
	taken := server.Database(t)
	open(t, Options{URL: taken})
	taker := server.User(t, "bob", password, taken)

	for _, test := range []struct {
		name    string
		options Options
		problem Problem
		says    string
	}{
		{"nobody listens", Options{URL: "postgres://alice:" + password + "@127.0.0.1:1/tasks?sslmode=disable"}, Unreachable, "127.0.0.1:1/tasks"},
		{"no server at all", Options{URL: "postgres://alice:" + password + "@no-such-host.invalid/tasks"}, Unreachable, "no-such-host.invalid"},
		{"wrong password", Options{URL: strings.Replace(user, "alice@", "alice:"+password+"x@", 1)}, WrongPassword, "alice"},
		{"no such user", Options{URL: strings.Replace(user, "alice@", "mallory:"+password+"@", 1)}, WrongPassword, "mallory"},
		{"no such database", Options{URL: strings.Replace(database, name(database), "nothing", 1)}, NoDatabase, "nothing"},
		{"no right to make the schema", Options{URL: withPassword}, NoRights, "CREATE SCHEMA taskctl AUTHORIZATION alice"},
		{"no right on the tables", Options{URL: strings.Replace(taker, "bob@", "bob:"+password+"@", 1)}, NoRights, "bob"},
		{"newer schema", Options{URL: newer}, Newer, "postgres.schema"},
		{"tables of another program", Options{URL: foreign, Schema: "public"}, Foreign, "public"},
		{"a database that is no UTF-8", Options{URL: server.URL("latin")}, Encoding, "LATIN1"},
		{"read only", Options{URL: readOnly}, Standby, "target_session_attrs"},
		{"no password file", Options{URL: user, PasswordFile: filepath.Join(t.TempDir(), "none")}, Password, "no such file"},
		{"a server without TLS that is going away", Options{URL: "postgres://alice:" + password + "@" + refusesTLS(t) + "/tasks?sslmode=prefer"}, Unreachable, "127.0.0.1"},
		{"a server without TLS", Options{URL: strings.Replace(newProxy(t, server).url(t, database), "disable", "require", 1)}, Certificate, "sslmode"},
	} {
		t.Run(test.name, func(t *testing.T) {
			s, err := Open(t.Context(), test.options)
			if err == nil {
				_ = s.Close()
			}
			var problem *ServerError
			if !errors.As(err, &problem) || problem.Problem != test.problem {
				t.Fatalf("problem %+v, error %v", problem, err)
			}
			for _, lang := range []message.Lang{message.English, message.Spanish} {
				text := problem.Describe(lang)
				if !strings.Contains(text, test.says) || strings.Contains(text, password) || strings.Contains(text, "\n") {
					t.Errorf("described as %q", text)
				}
			}
			if strings.Contains(err.Error(), password) {
				t.Error("the error has the password in it")
			}
		})
	}
}

// TestTimeoutsAreTemporary: a server, a network or a machine that is slow is waited for.
func TestTimeoutsAreTemporary(t *testing.T) {
	for _, code := range []string{"25P03", "57014", "55P03", "57P01", "53300"} {
		if problem := problemOf(&pgconn.PgError{Code: code}); !(&ServerError{Problem: problem}).Temporary() {
			t.Errorf("code %s ends the start: problem %d", code, problem)
		}
	}
}

// refusesTLS is the address of a server that says that it has no TLS, and closes every
// connection.
func refusesTLS(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			request := make([]byte, 8)
			if _, err := io.ReadFull(conn, request); err == nil && binary.BigEndian.Uint32(request[4:]) == 80877103 {
				_, _ = conn.Write([]byte("N")) // the client may have gone
			}
			_ = conn.Close()
		}
	}()
	return l.Addr().String()
}

func TestURLs(t *testing.T) {
	for _, bad := range []string{
		"postgres://u:s3cret@h:port/db", "postgres://u:s3cret@h/db?sslmode=sometimes", "host=h password=s3cret sslmode=x",
		"postgres://u:s3cret@h/db?sslrootcert=/no/such/file&sslmode=verify-full", "mysql://u:s3cret@h/db",
	} {
		if _, err := ParseURL(bad); err == nil || strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%s: %v", bad, err)
		}
	}
}

// TestPasswordFile reads the password anew for every connection.
func TestPasswordFile(t *testing.T) {
	server := postgrestest.Start(t)
	database := server.Database(t)
	url := server.User(t, "alice", "one", database)
	server.Exec(t, "postgres", "GRANT CREATE ON DATABASE "+strings.TrimPrefix(strings.Split(strings.TrimPrefix(database, "postgres://postgres@/"), "?")[0], "/")+" TO alice")
	file := filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(file, []byte("one\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	s := open(t, Options{URL: url, PasswordFile: file})
	write(t, s, "x")
	server.Exec(t, "postgres", "ALTER ROLE alice PASSWORD 'two'")
	if err := os.WriteFile(file, []byte("two"), 0o600); err != nil {
		t.Fatal(err)
	}
	server.Exec(t, "postgres", "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'alice'")
	eventually(t, "a write", func() error { _, err := s.Write(t.Context(), newTask(t, "x")); return err })
}

// TestOpenAtOnce creates the schema from many nodes at the same time.
func TestOpenAtOnce(t *testing.T) {
	server := postgrestest.Start(t)
	url := server.Database(t)
	var nodes sync.WaitGroup
	epochs := make([]string, 8)
	for i := range epochs {
		nodes.Go(func() {
			s, err := Open(t.Context(), Options{URL: url, ReadOnly: i%2 == 0})
			if err != nil {
				t.Error(err)
				return
			}
			epochs[i] = head(t, s).Epoch
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		})
	}
	nodes.Wait()
	for _, epoch := range epochs {
		if epoch == "" || epoch != epochs[0] {
			t.Fatalf("epochs %q", epochs)
		}
	}
}

// TestWaiting opens a store before its server is there.
func TestWaiting(t *testing.T) {
	server := postgrestest.Start(t)
	url := server.Database(t)
	server.Stop(os.Interrupt)
	waiting, opened := make(chan string, 100), make(chan error, 1)
	var s *Store
	go func() {
		var err error
		s, err = Open(t.Context(), Options{URL: url, OnWaiting: func(e *ServerError) { waiting <- e.Server }})
		opened <- err
	}()
	if got := <-waiting; !strings.Contains(got, "taskctl-pg-") {
		t.Errorf("waits for %q", got)
	}
	server.Start(t)
	if err := <-opened; err != nil {
		t.Fatal(err)
	}
	write(t, s, "x")
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

// TestWarnsOfFsync says that commits are not synced.
func TestWarnsOfFsync(t *testing.T) {
	server := postgrestest.Start(t)
	var log bytes.Buffer
	open(t, Options{URL: server.Database(t), Logger: slog.New(slog.NewTextHandler(&log, nil))})
	if !strings.Contains(log.String(), "fsync=off") {
		t.Errorf("the log has only %q", log.String())
	}
}

// TestTooOld meets a server of an older version than the oldest supported one.
func TestTooOld(t *testing.T) {
	server := postgrestest.Start(t)
	direct, p := server.Database(t), newProxy(t, server)
	version := server.Exec(t, "postgres", "SHOW server_version_num")
	older := func(b []byte) []byte { return bytes.ReplaceAll(b, []byte(version), []byte("130021")) }
	p.edit.Store(&older)
	s, err := Open(t.Context(), Options{URL: p.url(t, direct)})
	var problem *ServerError
	if !errors.As(err, &problem) || problem.Problem != TooOld || !strings.Contains(err.Error(), "13") {
		t.Errorf("Open: %v", err)
	}
	if err == nil {
		_ = s.Close()
	}
}
