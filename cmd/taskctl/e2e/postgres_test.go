//go:build unix

package e2e

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"taskctl/cmd/taskctl/e2etest"
	"taskctl/pkg/store/postgrestest"

	"taskctl/pkg/wait/waittest"
)

// onPostgres is a directory whose settings name a database; more are further lines.
func onPostgres(t testing.TB, url string, more ...string) string {
	t.Helper()
	dir := e2etest.Dir(t)
	settings := fmt.Sprintf("store: postgres\npostgres: {url: %q}\n%s\n", url, strings.Join(more, "\n"))
	if err := os.MkdirAll(filepath.Join(dir, "configs"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "configs", "taskctl.yaml"), []byte(settings), 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

func post(t testing.TB, api, title string) *http.Response {
	t.Helper()
	res, err := http.Post(api+"/tasks", "application/json", strings.NewReader(fmt.Sprintf(`{"title":%q}`, title)))
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	return res
}

// TestSeveralNodes runs a whole system, an api alone and a wsserver alone over one
// database: every wsserver delivers the writes of every api.
func TestSeveralNodes(t *testing.T) {
	server := postgrestest.Start(t)
	url := server.Database(t)
	whole, api := onPostgres(t, url), onPostgres(t, url, "start: {only: [api]}")
	notifier := onPostgres(t, url, "start: {only: [wsserver, consumer]}")
	startedIn(t, whole)
	startedIn(t, api)
	startedIn(t, notifier)
	create(t, statusOf(t, whole).API, "from the whole system")
	create(t, statusOf(t, api).API, "from the api alone")
	for _, dir := range []string{whole, notifier} {
		waittest.For(t, "both notifications in "+dir, func() bool {
			log := logOf(t, dir, "consumer")
			return strings.Contains(log, "from the whole system") && strings.Contains(log, "from the api alone")
		})
	}
	if s := statusOf(t, api); s.State != "ready" || len(s.Components) != 1 {
		t.Errorf("status of the api alone: %+v", s)
	}
	for _, dir := range []string{whole, api, notifier} {
		if _, _, code := run(t, dir, "stop"); code != 0 {
			t.Errorf("stop exits %d", code)
		}
	}
}

// TestDatabaseAway stops the database under a running system: writes are refused
// for now, clients stay connected, nothing is restarted, and all is well within a
// second of the database's return.
func TestDatabaseAway(t *testing.T) {
	server := postgrestest.Start(t, "fsync = on")
	dir := onPostgres(t, server.Database(t))
	startedIn(t, dir)
	before := statusOf(t, dir)
	create(t, before.API, "before")
	server.Stop(syscall.SIGQUIT)
	waittest.For(t, "a refusal", func() bool {
		res := post(t, before.API, "meanwhile")
		return res.StatusCode == http.StatusServiceUnavailable && res.Header.Get("Retry-After") != ""
	})
	if s := statusOf(t, dir); s.State != "degraded" || s.Clients != before.Clients {
		t.Errorf("status while the database is away: %+v", s)
	}
	if _, _, code := run(t, dir, "status"); code != 8 {
		t.Errorf("status exits %d while the database is away, want 8", code)
	}
	if res, err := http.Get(before.API + "/healthz"); err != nil || res.StatusCode != http.StatusOK {
		t.Errorf("the api is called unhealthy: %v, %v", res, err)
	}
	server.Start(t)
	back := time.Now()
	waittest.For(t, "a write", func() bool { return post(t, before.API, "after").StatusCode == http.StatusCreated })
	if took := time.Since(back); took > time.Second {
		t.Errorf("writes succeeded %v after the database's return", took)
	}
	waittest.For(t, "the notification", func() bool { return strings.Contains(logOf(t, dir, "consumer"), "after") })
	waittest.For(t, "the system to be ready", func() bool { return statusOf(t, dir).State == "ready" })
	after := statusOf(t, dir)
	for i, c := range after.Components {
		if c.PID != before.Components[i].PID || c.Restarts != 0 {
			t.Errorf("%s was restarted", c.Name)
		}
	}
	if _, _, code := run(t, dir, "stop"); code != 0 {
		t.Errorf("stop exits %d", code)
	}
}

// TestStartWaitsForTheDatabase starts a system before its database: the system says
// what it waits for, and continues when the database is up, or fails after a timeout.
func TestStartWaitsForTheDatabase(t *testing.T) {
	server := postgrestest.Start(t)
	url := server.Database(t)
	server.Stop(syscall.SIGINT)

	p := piped(t, onPostgres(t, url, "start: {timeout: 1s}"), nil, "start")
	if code := p.exit(t); code != 1 {
		t.Errorf("start exits %d without a database, want 1", code)
	}
	want(t, p.out.String(), "wsserver: waiting for PostgreSQL at .*taskctl-pg-")

	dir := onPostgres(t, url)
	p = onTerminal(t, dir, "start")
	p.out.await(t, "waiting for PostgreSQL")
	server.Start(t)
	awaitReady(t, p)
	p.ctrlC(t)
	if code := p.exit(t); code != 0 {
		t.Errorf("exit code %d, want 0", code)
	}
}

// TestBadDatabase starts with databases that cannot be used, and with invalid settings.
func TestBadDatabase(t *testing.T) {
	server := postgrestest.Start(t)
	missing := strings.Replace(server.URL("postgres"), "/postgres?", "/missing?", 1)
	for url, expected := range map[string]struct {
		code int
		text string
	}{
		missing:                     {1, "there is no database .*missing.*createdb"},
		"postgres://u:s3cret@db:x/": {2, `configs/taskctl.yaml:2: postgres.url cannot be`},
		"":                          {2, "store: postgres needs postgres.url"},
	} {
		p := piped(t, onPostgres(t, url), nil, "start")
		if code := p.exit(t); code != expected.code {
			t.Errorf("start exits %d, want %d", code, expected.code)
		}
		want(t, p.out.String(), expected.text)
		if strings.Contains(p.out.String(), "s3cret") {
			t.Errorf("the password is printed:\n%s", p.out)
		}
	}
}

// TestTransferOnPostgres imports on one machine: clients of another receive it at once,
// a file with a bad line changes nothing, and the export is the file.
func TestTransferOnPostgres(t *testing.T) {
	const rounds = 5
	url := postgrestest.Start(t).Database(t)
	dir := onPostgres(t, url, "start: {test_task: false, only: [api]}")
	other := onPostgres(t, url, "start: {test_task: false, only: [wsserver, consumer]}")
	startedIn(t, dir)
	startedIn(t, other)
	file := filepath.Join(dir, "tasks.jsonl")
	var all strings.Builder
	began := time.Now()
	for i := range rounds {
		line := fmt.Sprintf(`{"id":"01930000-0000-7000-8000-%012x","title":"round %d","description":"","completed":false,"created_at":"2024-01-15T10:00:00.000Z","updated_at":"2024-01-15T10:00:00.000Z"}`+"\n", i, i)
		all.WriteString(line)
		if err := os.WriteFile(file, []byte(all.String()), 0o600); err != nil {
			t.Fatal(err)
		}
		out, errs, code := run(t, dir, "import", file)
		if code != 0 || errs != "" || !strings.Contains(out, fmt.Sprintf("added: 1, changed: 0, unchanged: %d", i)) {
			t.Fatalf("import exits %d: %s%s", code, out, errs)
		}
		waittest.For(t, "the notification", func() bool { return strings.Contains(logOf(t, other, "consumer"), fmt.Sprintf("round %d", i)) })
	}
	if took := time.Since(began); took > (rounds-2)*5*time.Second { // what reading the log unasked takes
		t.Errorf("%d imports reached the client after %v", rounds, took)
	}
	for _, args := range [][]string{{"import", file, "--dry-run"}, {"import", file}} {
		if out, _, code := run(t, dir, args...); code != 0 || !strings.Contains(out, fmt.Sprint(rounds)) {
			t.Errorf("%v exits %d: %s", args, code, out)
		}
	}
	bad := filepath.Join(dir, "bad.jsonl")
	if err := os.WriteFile(bad, []byte(`{"title":"never"}`+"\n{\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, errs, code := run(t, dir, "import", bad); code != 1 || !strings.Contains(errs, "line 2") {
		t.Errorf("import of a bad file exits %d: %s", code, errs)
	}
	if out, errs, code := run(t, dir, "export"); code != 0 || out != all.String() {
		t.Errorf("export exits %d: %s%s", code, out, errs)
	}
}
