//go:build unix

package noticetest

import (
	"os"
	"path/filepath"
	"testing"
)

// RabbitMQ is a server whose configuration file has these settings; nil: none. It starts
// slowly, so short test runs skip it.
func RabbitMQ(t *testing.T, settings func(port string) string) *Process {
	t.Helper()
	if testing.Short() {
		t.Skip("a RabbitMQ server takes long to start")
	}
	dir := t.TempDir()
	file := filepath.Join(dir, "settings.conf")
	// Not the wrapper in the path, which starts the server as another user.
	server := &Process{Program: "/usr/lib/rabbitmq/bin/rabbitmq-server"}
	distribution := FreePort(t)
	server.Args = func(port string) []string {
		text := ""
		if settings != nil {
			text = settings(port)
		}
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		server.Env = []string{
			"RABBITMQ_NODENAME=taskctl" + port + "@localhost", "RABBITMQ_NODE_PORT=" + port, "RABBITMQ_NODE_IP_ADDRESS=127.0.0.1",
			"RABBITMQ_DIST_PORT=" + distribution, "RABBITMQ_MNESIA_BASE=" + dir, "RABBITMQ_LOG_BASE=" + dir, "RABBITMQ_PID_FILE=" + dir + "/pid",
			"RABBITMQ_ENABLED_PLUGINS_FILE=" + dir + "/plugins", "RABBITMQ_CONFIG_FILE=" + file, "HOME=" + dir,
			"ERL_CRASH_DUMP=" + filepath.Join(dir, "erl_crash.dump"),
		}
		return nil
	}
	return server
}
