//go:build unix

package e2e

import (
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"taskctl/pkg/broker/notice/noticetest"
	"taskctl/pkg/store/postgrestest"
	"taskctl/pkg/wait/waittest"
)

// pooled starts pgbouncer before a server, and returns the URL of a database through it.
func pooled(t *testing.T, mode string) string {
	t.Helper()
	server := postgrestest.Start(t)
	direct, err := url.Parse(server.Database(t))
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Dir(server.Socket())
	file := filepath.Join(dir, "pgbouncer.ini")
	bouncer := noticetest.Launch(t, &noticetest.Process{Program: "pgbouncer", Args: func(port string) []string {
		settings := fmt.Sprintf("[databases]\n* = host=%s user=postgres\n[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = %s\nunix_socket_dir =\nauth_type = any\npool_mode = %s\ndefault_pool_size = 50\n", dir, port, mode)
		if err := os.WriteFile(file, []byte(settings), 0o644); err != nil { // another user reads it
			t.Fatal(err)
		}
		if os.Getuid() == 0 { // it refuses to run as root
			return []string{"-u", "postgres", file}
		}
		return []string{file}
	}})
	return "postgres://postgres@" + bouncer.Address() + direct.Path + "?sslmode=disable"
}

// TestSessionPooler runs a system through a pooler in session mode, where all works.
func TestSessionPooler(t *testing.T) {
	dir := onPostgres(t, pooled(t, "session"))
	startedIn(t, dir)
	waittest.For(t, "the system to be ready", func() bool { return statusOf(t, dir).State == "ready" })
	create(t, statusOf(t, dir).API, "through a pooler")
	waittest.For(t, "the notification", func() bool { return strings.Contains(logOf(t, dir, "consumer"), "through a pooler") })
	if _, _, code := run(t, dir, "stop"); code != 0 {
		t.Errorf("stop exits %d", code)
	}
}

// TestTransactionPooler refuses a pooler that gives every transaction another session.
func TestTransactionPooler(t *testing.T) {
	for _, mode := range []string{"transaction", "statement"} {
		t.Run(mode, func(t *testing.T) {
			dir := onPostgres(t, pooled(t, mode))
			const want = "is a pooler in transaction mode, which cannot be used. Set pool_mode = session"
			if out, errOut, code := run(t, dir, "start", "-d"); code != 1 || !strings.Contains(errOut, want) {
				t.Errorf("start exits %d and says\n%s%s", code, out, errOut)
			}
			if out, _, _ := run(t, dir, "doctor"); !strings.Contains(out, want) {
				t.Errorf("doctor says\n%s", out)
			}
		})
	}
}
