//go:build unix

package e2e

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os/exec"
	"strings"
	"testing"

	"taskctl/pkg/broker/notice/noticetest"
	"taskctl/pkg/store/postgrestest"
	"taskctl/pkg/wait/waittest"
)

// TestBrokerAway stops the broker of two machines: both report it, notifications arrive
// from the log, no component is restarted, and a system can be started meanwhile.
func TestBrokerAway(t *testing.T) {
	for name, broker := range brokers() {
		t.Run(name, func(t *testing.T) {
			server := noticetest.Launch(t, broker(t))
			url := postgrestest.Start(t).Database(t)
			settings := fmt.Sprintf("broker: %s\n%s: {url: \"%s%s\"}", name, name, schemes[name], server.Address())
			whole, notifier := onPostgres(t, url, settings), onPostgres(t, url, settings, "start: {only: [wsserver, consumer]}")
			startedIn(t, whole)
			server.Stop(t)
			startedIn(t, notifier)
			before := []status{statusOf(t, whole), statusOf(t, notifier)}
			for _, dir := range []string{whole, notifier} {
				waittest.For(t, "the broker to be called degraded in "+dir, func() bool {
					store, broker := servicesOf(t, dir)
					return store == "ready" && broker == "degraded"
				})
				notificationServer := "http://" + strings.Trim(strings.TrimPrefix(statusOf(t, dir).WebSocket, "ws:"), "/")
				for page, text := range map[string]string{"/readyz": `"link":"down"`, "/metrics": "taskctl_link_up 0"} {
					if got := read(t, notificationServer+page); !strings.Contains(got, text) {
						t.Errorf("%s lacks %s:\n%s", page, text, got)
					}
				}
			}
			create(t, before[0].API, "without a broker")
			for _, dir := range []string{whole, notifier} {
				waittest.For(t, "the notification in "+dir, func() bool { return strings.Contains(logOf(t, dir, "consumer"), "without a broker") })
			}
			server.Start(t)
			for i, dir := range []string{whole, notifier} {
				waittest.For(t, "the system to be ready", func() bool { return statusOf(t, dir).State == "ready" })
				for n, c := range statusOf(t, dir).Components {
					if c.PID != before[i].Components[n].PID || c.Restarts != 0 {
						t.Errorf("%s was restarted", c.Name)
					}
				}
				if _, _, code := run(t, dir, "stop"); code != 0 {
					t.Errorf("stop exits %d", code)
				}
			}
		})
	}
}

// TestBrokerRefuses starts a system whose broker refuses it. The system runs anyway;
// its log and doctor give the reason, no output contains the password, and with the
// right settings notifications arrive over TLS.
func TestBrokerRefuses(t *testing.T) {
	const password, wrong = "s3cret-right", "s3cret-wrong"
	cert, key := noticetest.Certificate(t)
	server := noticetest.Launch(t, &noticetest.Process{Program: "nats-server", Args: func(port string) []string {
		return []string{"-a", "127.0.0.1", "-p", port, "--user", "taskctl", "--pass", password, "--tls", "--tlscert", cert, "--tlskey", key}
	}})
	url := postgrestest.Start(t).Database(t)
	settings := func(password, ca string) string {
		return fmt.Sprintf("broker: nats\nnats: {url: \"tls://taskctl:%s@%s\"%s}", password, server.Address(), ca)
	}
	ca := ", ca_file: " + cert
	for name, tt := range map[string]struct{ password, ca, want string }{
		"a wrong password":     {wrong, ca, "NATS at " + server.Address() + " refuses the user or the password. Check both in nats.url"},
		"an unknown authority": {password, "", "signed by unknown authority. Name its authority in nats.ca_file"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := onPostgres(t, url, settings(tt.password, tt.ca))
			startedIn(t, dir)
			waittest.For(t, "the broker to be called degraded", func() bool { _, broker := servicesOf(t, dir); return broker == "degraded" })
			told := map[string]string{}
			for _, component := range []string{"api", "wsserver"} {
				waittest.For(t, "the reason in the log of "+component, func() bool { return strings.Contains(logOf(t, dir, component), tt.want) })
				told["log of "+component] = logOf(t, dir, component)
			}
			for _, args := range [][]string{{"status"}, {"status", "--json"}, {"doctor"}, {"config", "show"}, {"why", "api"}} {
				out, errOut, _ := run(t, dir, args...)
				told[strings.Join(args, " ")] = out + errOut
			}
			if !strings.Contains(told["doctor"], tt.want) {
				t.Errorf("doctor does not say %q:\n%s", tt.want, told["doctor"])
			}
			ps, err := exec.Command("ps", "-eo", "args").Output()
			if err != nil {
				t.Fatal(err)
			}
			for line := range strings.SplitSeq(string(ps), "\n") {
				if !strings.Contains(line, "nats-server") { // the server has the password in its own arguments
					told["process list"] += line
				}
			}
			for where, text := range told {
				if strings.Contains(text, tt.password) {
					t.Errorf("the password is in %s", where)
				}
			}
		})
	}
	t.Run("the right settings", func(t *testing.T) {
		dir := onPostgres(t, url, settings(password, ca))
		startedIn(t, dir)
		waittest.For(t, "the system to be ready", func() bool { return statusOf(t, dir).State == "ready" })
		if out, _, _ := run(t, dir, "doctor"); !strings.Contains(out, "nats at "+server.Address()+" answers, and delivers notifications") {
			t.Errorf("doctor says:\n%s", out)
		}
	})
}

// schemes are the URL schemes, with the user of a new server.
var schemes = map[string]string{"nats": "nats://", "redis": "redis://", "rabbitmq": "amqp://guest:guest@"} //nolint:gochecknoglobals // constant

// brokers returns the servers, which are not started.
func brokers() map[string]func(*testing.T) *noticetest.Process {
	return map[string]func(*testing.T) *noticetest.Process{
		"nats": func(*testing.T) *noticetest.Process {
			return &noticetest.Process{Program: "nats-server", Args: func(port string) []string { return []string{"-a", "127.0.0.1", "-p", port} }}
		},
		"redis": func(*testing.T) *noticetest.Process {
			return &noticetest.Process{Program: "redis-server", Args: func(port string) []string {
				return []string{"--bind", "127.0.0.1", "--save", "", "--port", port}
			}}
		},
		"rabbitmq": func(t *testing.T) *noticetest.Process { return noticetest.RabbitMQ(t, nil) },
	}
}

// servicesOf are the states of the store and the broker.
func servicesOf(t *testing.T, dir string) (store, broker string) {
	t.Helper()
	out, _, _ := run(t, dir, "status", "--json")
	var s struct{ Store, Broker struct{ State string } }
	if err := json.Unmarshal([]byte(out), &s); err != nil {
		t.Fatalf("status --json printed %q: %v", out, err)
	}
	return s.Store.State, s.Broker.State
}

func read(t *testing.T, url string) string {
	t.Helper()
	res, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}
