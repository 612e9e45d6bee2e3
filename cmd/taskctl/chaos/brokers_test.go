//go:build linux

package chaos

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	amqp "github.com/rabbitmq/amqp091-go"

	"taskctl/pkg/store/postgrestest"
)

// brokerKind describes how to start a broker, connect to it, and make it forget its
// subscribers.
type brokerKind struct {
	name    string
	program string // looked up in PATH
	port    string
	args    func(h *host, dir string) []string
	env     func(h *host, dir string) []string
	url     func(h *host) string
	forget  func(t *testing.T, s *server)
}

// brokerOf finds a kind of broker, and skips the test if its program is not installed.
func brokerOf(t *testing.T, name string) brokerKind {
	t.Helper()
	if postgrestest.Find() == "" {
		skip(t, "there is no PostgreSQL on this machine")
	}
	for _, b := range []brokerKind{
		{name: "postgres", program: "true"},
		{
			name: "nats", program: "nats-server", port: "4222",
			args:   func(h *host, _ string) []string { return []string{"-a", net.IP(h.ip[:]).String(), "-p", "4222"} },
			url:    func(h *host) string { return "nats://" + h.addr("4222") },
			forget: func(t *testing.T, s *server) { s.kill(); s.start(t) },
		},
		{
			name: "redis", program: "redis-server", port: "6379",
			args: func(h *host, dir string) []string {
				return []string{"--bind", net.IP(h.ip[:]).String(), "--port", "6379", "--protected-mode", "no", "--save", "", "--dir", dir}
			},
			url:    func(h *host) string { return "redis://" + h.addr("6379") },
			forget: flushRedis,
		},
		// Not the wrapper in the path, which starts the server as another user.
		{
			name: "rabbitmq", program: "/usr/lib/rabbitmq/bin/rabbitmq-server", port: "5672", env: rabbitEnviron,
			url: rabbitURL, forget: deleteExchange,
		},
	} {
		if b.name != name {
			continue
		}
		if _, err := exec.LookPath(b.program); err != nil {
			skip(t, fmt.Sprintf("there is no %s on this machine", b.program))
		}
		return b
	}
	t.Fatalf("there is no broker %s", name)
	return brokerKind{}
}

// open returns the server, which is not started.
func (b brokerKind) open(t *testing.T, h *host, root string) *server {
	t.Helper()
	dir := filepath.Join(root, b.name)
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	return &server{name: b.name, host: h, port: b.port, dir: root, command: func() *exec.Cmd {
		cmd := exec.Command(b.program)
		if b.args != nil {
			cmd.Args = append(cmd.Args, b.args(h, dir)...)
		}
		if b.env != nil {
			cmd.Env = append(cmd.Environ(), b.env(h, dir)...)
		}
		return cmd
	}}
}

func flushRedis(t *testing.T, s *server) {
	conn, err := dialer.DialContext(t.Context(), "tcp", s.host.addr(s.port))
	if err != nil {
		t.Error(err)
		return
	}
	defer func() { _ = conn.Close() }()
	_, err = conn.Write([]byte("FLUSHALL\r\nCLIENT KILL TYPE pubsub\r\n"))
	if err == nil {
		_, err = conn.Read(make([]byte, 64))
	}
	if err != nil {
		t.Errorf("flush Redis: %v", err)
	}
}

func rabbitEnviron(h *host, dir string) []string {
	settings := filepath.Join(dir, "rabbitmq.conf")
	_ = os.WriteFile(settings, []byte("loopback_users = none\n"), 0o600) // without it no client can connect
	return []string{
		"RABBITMQ_NODENAME=taskctl@localhost", "RABBITMQ_NODE_PORT=5672", "RABBITMQ_NODE_IP_ADDRESS=" + net.IP(h.ip[:]).String(),
		"RABBITMQ_MNESIA_BASE=" + dir, "RABBITMQ_LOG_BASE=" + dir, "RABBITMQ_PID_FILE=" + dir + "/pid",
		"RABBITMQ_ENABLED_PLUGINS_FILE=" + dir + "/plugins", "RABBITMQ_CONFIG_FILE=" + settings, "HOME=" + dir,
		"ERL_CRASH_DUMP=" + filepath.Join(dir, "erl_crash.dump"),
	}
}

func rabbitURL(h *host) string { return "amqp://guest:guest@" + h.addr("5672") + "/" }

func deleteExchange(t *testing.T, s *server) {
	conn, err := amqp.DialConfig(rabbitURL(s.host), amqp.Config{Dial: amqp.DefaultDial(10 * time.Second)})
	if err != nil {
		t.Errorf("delete the exchange: %v", err)
		return
	}
	defer func() { _ = conn.Close() }()
	channel, err := conn.Channel()
	if err == nil {
		err = channel.ExchangeDelete("taskctl", false, false)
	}
	if err != nil {
		t.Errorf("delete the exchange: %v", err)
	}
}

// newDatabase creates a cluster whose server listens on a host's address.
func newDatabase(t *testing.T, h *host, root string) *server {
	t.Helper()
	owner, err := user.Lookup("postgres")
	if err != nil {
		skip(t, err.Error())
	}
	uid, _ := strconv.Atoi(owner.Uid) // numbers on every Unix
	gid, _ := strconv.Atoi(owner.Gid)
	dir := filepath.Join(root, "database")
	if err := os.Chmod(root, 0o755); err != nil { // the server's user must get through
		t.Fatal(err)
	}
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Chown(dir, uid, gid); err != nil {
		t.Fatal(err)
	}
	program := func(name string, args ...string) *exec.Cmd {
		cmd := exec.Command(filepath.Join(postgrestest.Find(), name), args...)
		cmd.Dir = dir
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}}
		return cmd
	}
	data := filepath.Join(dir, "data")
	out, err := program("initdb", "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync").CombinedOutput()
	if err != nil {
		t.Fatalf("initdb: %v\n%s", err, out)
	}
	appendTo(t, filepath.Join(data, "pg_hba.conf"), "host all all 10.77.0.0/24 trust\n")
	appendTo(t, filepath.Join(data, "postgresql.conf"), strings.Join([]string{
		"", "listen_addresses = '" + net.IP(h.ip[:]).String() + "'", "unix_socket_directories = '" + dir + "'",
		"shared_buffers = 64MB", "fsync = on", "",
	}, "\n"))
	return &server{
		name: "postgres", host: h, port: "5432", dir: root, signal: syscall.SIGQUIT,
		command: func() *exec.Cmd { return program("postgres", "-D", data) },
	}
}

func appendTo(t *testing.T, path, text string) {
	t.Helper()
	file, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	if err == nil {
		_, err = file.WriteString(text)
	}
	if err == nil {
		err = file.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
}

// endSessions ends every session of the database, and with them their LISTEN.
func (c *cluster) endSessions(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), quietTimeout)
	defer cancel()
	conn, err := pgconn.Connect(ctx, "postgres://postgres@"+c.database.host.addr("5432")+"/postgres")
	if err == nil {
		err = conn.Exec(ctx, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'").Close()
		_ = conn.Close(ctx) // the statement has been answered
	}
	if err != nil {
		t.Errorf("end the sessions: %v", err)
	}
}
