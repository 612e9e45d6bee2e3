package e2e

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"

	"taskctl/cmd/taskctl/e2etest"
	"taskctl/pkg/store/postgrestest"
	"taskctl/pkg/wait/waittest"
)

// alerts collects which of the shipped alerts were seen to fire.
type alerts struct {
	t    *testing.T
	from *prometheus
	seen []string
}

func (a *alerts) fires(name, labels string) {
	a.t.Helper()
	a.firesAfter(func() {}, name, labels)
}

// firesAfter repeats the cause until the alert fires.
func (a *alerts) firesAfter(cause func(), name, labels string) {
	a.t.Helper()
	waittest.For(a.t, name, func() bool {
		cause()
		return len(a.from.query(a.t, firing(name, labels))) > 0
	})
	a.seen = append(a.seen, name)
}

// TestAlerts breaks systems, and checks that each shipped alert fires in a real
// Prometheus that scrapes them. So no rule names a metric, label or value that taskctl
// does not have.
func TestAlerts(t *testing.T) {
	if _, err := exec.LookPath("prometheus"); err != nil {
		t.Skip("no prometheus here, which evaluates the alert rules")
	}
	local := startFaultySystem(t)
	shared := startSharedSystem(t)
	lonely := piped(t, e2etest.Dir(t), nil, "api") // by hand, without a launcher and a notification server
	lonely.out.await(t, "api is ready")
	lonelyAddress, _, _ := strings.Cut(strings.SplitAfter(lonely.out.String(), "http://")[1], "\n")
	lonelyAddress = strings.TrimRight(lonelyAddress, "/. ")

	a := &alerts{t: t, from: startPrometheus(t,
		scraped{"taskctl-api", "local", local.api}, scraped{"taskctl-wsserver", "local", local.wsserver},
		scraped{"taskctl-api", "shared", shared.api}, scraped{"taskctl-wsserver", "shared", shared.wsserver},
		scraped{"taskctl-api", "lonely", lonelyAddress})}
	if firing := a.from.query(t, `ALERTS{system="shared",alertstate="firing"}`); len(firing) > 0 {
		t.Errorf("of a system that is well fire: %v", firing)
	}

	a.fires("TaskctlNoLauncher", `system="lonely"`)
	a.fires("TaskctlBrokerNotReady", `system="lonely"`)
	lonely.signal(t, syscall.SIGTERM)
	a.fires("TaskctlDown", `system="lonely"`)

	a.fires("TaskctlComponentFailed", `component="failing"`)
	a.fires("TaskctlComponentNotReady", `component="waiting"`)
	a.fires("TaskctlComponentRestarting", `component="restarting"`)

	refused := piped(t, local.dir, nil, "consumer")
	a.fires("TaskctlClientsRefused", `system="local"`)
	refused.signal(t, syscall.SIGTERM)

	for i := range 150 {
		create(t, "http://"+local.api, fmt.Sprint("for the hooks ", i))
	}
	a.fires("TaskctlHookBehind", `hook="behind"`)
	a.fires("TaskctlHookDeadLetters", `hook="refused"`)

	release := local.holdWrites(t)
	stop := flood(t, "http://"+local.api)
	a.fires("TaskctlWritesQueue", `system="local"`)
	release()
	stop()
	a.firesAfter(func() { local.commitSlowly(t, a.from) }, "TaskctlSlowCommits", `instance="`+local.api+`"`)

	shared.proxy.cut()
	for i := range 150 {
		create(t, "http://"+shared.api, fmt.Sprint("unseen by the notification server ", i))
	}
	a.fires("TaskctlNotificationsBehind", `system="shared"`)
	shared.database.Stop(syscall.SIGQUIT)
	for range 5 {
		if res := post(t, "http://"+shared.api, "without a database"); res.StatusCode != http.StatusServiceUnavailable {
			t.Errorf("without a database: %s", res.Status)
		}
	}
	a.fires("TaskctlStoreNotReady", `kind="postgres"`)
	a.fires("TaskctlServerErrors", `instance="`+shared.api+`"`)

	for _, name := range alertNames(t) {
		if !slices.Contains(a.seen, name) {
			t.Errorf("%s was not seen to fire", name)
		}
	}
}

// observed is a system with the addresses that Prometheus scrapes.
type observed struct{ dir, api, wsserver string }

func observe(t *testing.T, dir string) observed {
	t.Helper()
	s := observed{dir: dir}
	status := statusOf(t, dir)
	for _, c := range status.Components {
		switch c.Name {
		case "api":
			s.api = c.Address
		case "wsserver":
			s.wsserver = c.Address
		}
	}
	return s
}

// startFaultySystem starts a system with broken components, hooks that cannot deliver,
// and a limit that allows only its own client.
func startFaultySystem(t *testing.T) observed {
	t.Helper()
	receiver := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(map[string]int{"/behind": http.StatusServiceUnavailable, "/refused": http.StatusGone}[r.URL.Path])
	}))
	t.Cleanup(receiver.Close)
	dir := e2etest.Dir(t)
	writeSettings(t, dir, fmt.Sprintf(`
wsserver: {max_clients: 3} # the launcher's consumer and the two hooks
start: {test_task: false}
restart: {backoff_max: 500ms}
components:
  - {name: failing, command: ["false"]}
  - {name: waiting, command: [sleep, "1000"], ready: {log: never, timeout: 10m}}
  - {name: restarting, command: ["false"], restart: {max: 0}}
hooks:
  - {name: behind, url: "%[1]s/behind", secret: %[2]s, max_attempts: 0, allow_private: ["127.0.0.1"]}
  - {name: refused, url: "%[1]s/refused", secret: %[2]s, allow_private: ["127.0.0.1"]}
`, receiver.URL, hookSecret))
	piped(t, dir, nil, "start")
	waittest.For(t, "the system", func() bool {
		list, _, _ := run(t, dir, "hooks", "list")
		return strings.Count(list, "ready") == 2
	})
	return observe(t, dir)
}

// holdWrites keeps the database locked for writing until release: an import waits for
// its input in the middle of its transaction.
func (s observed) holdWrites(t *testing.T) (release func()) {
	t.Helper()
	cmd := exec.Command(binary, "import", "-")
	cmd.Dir, cmd.Env = s.dir, e2etest.Environ()
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	release = sync.OnceFunc(func() { in.Close(); _ = cmd.Wait() })
	t.Cleanup(release)
	return release
}

// commitSlowly makes a commit wait for the database longer than the alert allows:
// until two scrapes, half a second apart, have found other writes queued behind it.
func (s observed) commitSlowly(t *testing.T, seenBy *prometheus) {
	t.Helper()
	release := s.holdWrites(t)
	var writes sync.WaitGroup
	waittest.For(t, "writes that wait", func() bool {
		writes.Go(func() {
			res, err := http.Post("http://"+s.api+"/tasks", "application/json", strings.NewReader(`{"title":"slow"}`))
			if err == nil { // 503 from a machine that takes seconds for two scrapes
				res.Body.Close()
			}
		})
		return len(seenBy.query(t, `min_over_time(taskctl_store_queued_writes{instance="`+s.api+`"}[1s]) > 0`)) > 0
	})
	release()
	writes.Wait()
}

// flood sends more concurrent writes than one commit and the alert's limit together.
func flood(t *testing.T, api string) (stop func()) {
	t.Helper()
	const clients = 1200
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: clients}}
	var all sync.WaitGroup
	for range clients {
		all.Go(func() {
			for ctx.Err() == nil {
				req, err := http.NewRequestWithContext(ctx, http.MethodPost, api+"/tasks", strings.NewReader(`{"title":"flood"}`))
				if err != nil {
					panic(err) // the address is a URL
				}
				req.Header.Set("Content-Type", "application/json")
				if res, err := client.Do(req); err == nil { // the flood is meant to cause 503
					_, _ = io.Copy(io.Discard, res.Body)
					res.Body.Close()
				}
			}
		})
	}
	stop = sync.OnceFunc(func() { cancel(); all.Wait(); client.CloseIdleConnections() })
	t.Cleanup(stop)
	return stop
}

// sharedSystem is an api and a notification server over one PostgreSQL. The
// notification server connects through a proxy.
type sharedSystem struct {
	observed
	database *postgrestest.Server
	proxy    *socketProxy
}

func startSharedSystem(t *testing.T) sharedSystem {
	t.Helper()
	s := sharedSystem{database: postgrestest.Start(t)}
	direct := s.database.Database(t)
	s.proxy = newSocketProxy(t, s.database.Socket())
	socketDir := func(path string) string { return url.QueryEscape(filepath.Dir(path)) }
	api := onPostgres(t, direct, "start: {only: [api]}")
	notifier := onPostgres(t, strings.Replace(direct, socketDir(s.database.Socket()), socketDir(s.proxy.path), 1), "start: {only: [wsserver]}")
	startedIn(t, api)
	startedIn(t, notifier)
	s.observed = observe(t, api)
	s.wsserver = observe(t, notifier).wsserver
	return s
}

// socketProxy forwards connections to a Unix socket until it is cut.
type socketProxy struct {
	path     string
	listener net.Listener
	mu       sync.Mutex
	conns    []net.Conn
	all      sync.WaitGroup
}

func newSocketProxy(t *testing.T, target string) *socketProxy {
	t.Helper()
	dir, err := os.MkdirTemp("", "proxy-") // short: a socket's path has at most 107 bytes
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	p := &socketProxy{path: filepath.Join(dir, filepath.Base(target))}
	if p.listener, err = net.Listen("unix", p.path); err != nil {
		t.Fatal(err)
	}
	p.all.Go(func() {
		for {
			client, err := p.listener.Accept()
			if err != nil {
				return
			}
			server, err := net.Dial("unix", target)
			if err != nil {
				client.Close()
				continue
			}
			p.mu.Lock()
			p.conns = append(p.conns, client, server)
			p.mu.Unlock()
			p.all.Go(func() { _, _ = io.Copy(server, client); server.Close() })
			p.all.Go(func() { _, _ = io.Copy(client, server); client.Close() })
		}
	})
	t.Cleanup(p.cut)
	return p
}

// cut ends every connection, and accepts no other.
func (p *socketProxy) cut() {
	p.listener.Close()
	p.mu.Lock()
	for _, c := range p.conns {
		c.Close()
	}
	p.mu.Unlock()
	p.all.Wait()
}
