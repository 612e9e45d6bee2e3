//go:build unix

package e2e

import (
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"taskctl/cmd/taskctl/e2etest"
	"taskctl/pkg/broker/notice/noticetest"
	"taskctl/pkg/store/postgrestest"
	"taskctl/pkg/wait/waittest"
)

// TestLocalSample starts the sample that runs PostgreSQL and NATS under taskctl, with
// free ports, and a second time with the database of the first start.
func TestLocalSample(t *testing.T) {
	bin := postgrestest.Find()
	if bin == "" {
		t.Skip("PostgreSQL is not installed")
	}
	if _, err := exec.LookPath("nats-server"); err != nil {
		t.Skip(err)
	}
	t.Setenv("PATH", bin+string(filepath.ListSeparator)+os.Getenv("PATH"))
	sample, err := os.ReadFile(filepath.Join("..", "..", "..", "deploy", "local", "taskctl.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	dir := e2etest.Dir(t)
	settings := strings.NewReplacer("5442", noticetest.FreePort(t), "4242", noticetest.FreePort(t)).Replace(string(sample))
	if os.Getuid() == 0 {
		settings = forPostgres(t, dir, settings)
	}
	if err := os.Mkdir(filepath.Join(dir, "configs"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "configs", "taskctl.yaml"), []byte(settings), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, title := range []string{"the first time", "the second time"} {
		startedIn(t, dir)
		create(t, statusOf(t, dir).API, title)
		waittest.For(t, "the notification", func() bool { return strings.Contains(logOf(t, dir, "consumer"), title) })
		if store, broker := servicesOf(t, dir); store != "ready" || broker != "ready" {
			t.Errorf("the store is %s, the broker %s", store, broker)
		}
		if _, _, code := run(t, dir, "stop"); code != 0 {
			t.Errorf("stop exits %d", code)
		}
	}
}

// forPostgres makes PostgreSQL run as its own user, because it refuses to run as root.
func forPostgres(t *testing.T, dir, settings string) string {
	t.Helper()
	owner, err := user.Lookup("postgres")
	if err != nil {
		t.Skip(err)
	}
	uid, _ := strconv.Atoi(owner.Uid) // numbers on every Unix
	gid, _ := strconv.Atoi(owner.Gid)
	data := filepath.Join(dir, "postgres")
	if err := os.Mkdir(data, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Chown(data, uid, gid); err != nil {
		t.Fatal(err)
	}
	for d := dir; d != os.TempDir() && d != "/"; d = filepath.Dir(d) {
		if err := os.Chmod(d, 0o711); err != nil { // the server's user must get through
			t.Fatal(err)
		}
	}
	settings = strings.Replace(settings, "    job: true\n", "    job: true\n    user: postgres\n", 1)
	return strings.Replace(settings, "    after: [initdb]\n", "    after: [initdb]\n    user: postgres\n", 1)
}
