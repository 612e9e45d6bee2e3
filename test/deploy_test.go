package test

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/chromedp/chromedp/kb"
)

// host is the name in the samples of deploy/proxies. The browser and the client
// of these tests resolve it to 127.0.0.1.
const host = "tasks.example"

// deployed is a proxy program with one of the samples.
type deployed struct {
	program string
	sample  string
	path    string // of the board
	// command returns the program's arguments for a configuration in dir.
	command func(dir string, d *deployment) []string
	// reload makes the program read its configuration again, where it can.
	reload func(t testing.TB, dir string, process *os.Process)
}

// deployment is what the samples have as constants, as this run has it.
type deployment struct {
	port, api, wsserver string
	cert, key, both     string // PEM files
}

var proxies = map[string]deployed{
	"nginx":         {"nginx", "nginx.conf", "/", nginx, reloadNginx},
	"nginx-prefix":  {"nginx", "nginx-prefix.conf", "/apps/tasks/", nginx, reloadNginx},
	"nginx-nodes":   {"nginx", "nginx-nodes.conf", "/", nginx, reloadNginx},
	"haproxy":       {"haproxy", "haproxy.cfg", "/", haproxy, nil},
	"haproxy-nodes": {"haproxy", "haproxy-nodes.cfg", "/", haproxy, nil},
	"caddy":         {"caddy", "Caddyfile", "/", caddy, nil},
}

// TestDeployedProxies uses the board, the API and event streams through the real
// proxies, with the samples of deploy/proxies.
func TestDeployedProxies(t *testing.T) {
	for name, proxy := range proxies {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if _, err := exec.LookPath(proxy.program); err != nil {
				t.Skipf("there is no %s on this machine (Debian: apt-get install %s)", proxy.program, proxy.program)
			}
			s, address, reload := deploy(t, proxy)
			w := visit(t, address+"/", look{}).live()
			followBoard(t, s, w, reload)
			followStream(t, s, address, reload)
			idle(t, s, w)
		})
	}
}

// followBoard writes through the board, and checks that it has every event across
// restarts of taskctl and reloads of the proxy, over the WebSocket.
func followBoard(t *testing.T, s *system, w *window, reload func()) {
	t.Helper()
	w.click("#new-title")
	w.press("Written here", kb.Enter)
	w.until(row("Written here") + `?.matches(':not(.pending)')`)
	w.clickInRow("Written here", `[data-focus="edit"]`)
	w.fill(".editor input", "Edited here")
	w.press(kb.Enter)
	w.until(row("Edited here") + `?.matches(':not(.pending)')`)
	w.clickInRow("Edited here", ".tool.danger")
	w.until(`document.querySelectorAll('.event.deleted').length === 1`)
	for i := range 20 {
		s.eventuallyAdd(fmt.Sprintf("Task %d", i))
		switch i {
		case 5:
			s.restart()
		case 12:
			reload()
		}
	}
	w.until(`document.querySelectorAll('li.task').length === 20`)
	w.live()
	if notice := value[string](w, `document.querySelector('[data-part=notice]').textContent`); notice != "" {
		t.Errorf("the board does not use the WebSocket: %s", notice)
	}
	for _, expected := range []string{"WebSocket connection", "net::ERR", "status of 50"} { // during restarts
		w.forgive(expected)
	}
}

// followStream checks that server-sent events are complete across a restart and a
// reload, with Last-Event-ID as EventSource sends it.
func followStream(t *testing.T, s *system, address string, reload func()) {
	t.Helper()
	const count = 20
	client := insecureClient()
	last, seen := "0", 0
	written := make(chan struct{})
	start := seqOf(t, client, address)
	go func() {
		defer close(written)
		for i := range count {
			s.eventuallyAdd(fmt.Sprintf("Streamed %d", i))
			if i == 10 {
				s.restart()
				reload()
			}
		}
	}()
	last = fmt.Sprint(start)
	eventually(t, "the stream has every event", func() bool {
		req, err := http.NewRequest(http.MethodGet, address+"/events", nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Accept", "text/event-stream")
		req.Header.Set("Last-Event-ID", last)
		res, err := client.Do(req)
		if err != nil {
			return false // during the restart
		}
		defer res.Body.Close()
		lines := bufio.NewScanner(res.Body)
		for seen < count && lines.Scan() {
			line := lines.Text()
			if id, is := strings.CutPrefix(line, "id: "); is {
				last = id
			}
			if strings.HasPrefix(line, "event: task_created") {
				seen++
			}
		}
		return seen == count
	})
	<-written
	var seq uint64
	if _, err := fmt.Sscan(last[strings.LastIndex(last, ":")+1:], &seq); err != nil || seq != start+count {
		t.Errorf("the stream ended at %s, want %d events after %d", last, count, start)
	}
}

// idle checks that a connection without traffic stays open for as long as
// TASKCTL_TEST_IDLE says.
func idle(t *testing.T, s *system, w *window) {
	t.Helper()
	wanted, err := time.ParseDuration(os.Getenv("TASKCTL_TEST_IDLE"))
	if err != nil {
		t.Log("TASKCTL_TEST_IDLE is no duration: idle connections are not tested")
		return
	}
	// Only a board that has connected again after the last restart is idle.
	w.until(row("Streamed 19"))
	w.live()
	value[bool](w, watchPill)
	deadline := time.NewTimer(wanted)
	defer deadline.Stop()
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for waiting := true; waiting; {
		select {
		case <-tick.C:
			if said := value[[]string](w, `said`); len(said) > 0 {
				t.Fatalf("the idle board said %q", said)
			}
		case <-deadline.C:
			waiting = false
		}
	}
	s.add("After the silence")
	w.until(row("After the silence"))
}

// deploy starts taskctl with the sample's settings and the proxy before it. It
// returns the address of the board without the final slash, and how to reload the
// proxy.
func deploy(t *testing.T, proxy deployed) (*system, string, func()) {
	t.Helper()
	d := &deployment{port: freePort(t)}
	dir := t.TempDir()
	d.cert, d.key, d.both = certificate(t, dir)
	origin := "https://" + host + ":" + d.port
	settings := strings.NewReplacer(
		"https://"+host, origin,
		"wss://"+host, "wss://"+host+":"+d.port+strings.TrimSuffix(proxy.path, "/"),
	).Replace(sample(t, "taskctl.yaml"))
	file := filepath.Join(dir, "taskctl.yaml")
	if err := os.WriteFile(file, []byte(settings), 0o600); err != nil {
		t.Fatal(err)
	}
	s := startWith(t, "--config", file)
	d.api, d.wsserver = port(t, s.API), port(t, s.listensAt("wsserver"))
	configuration := strings.NewReplacer(
		// The samples for several machines find the same one everywhere.
		"10.0.0.11", "127.0.0.1", "10.0.0.12", "127.0.0.1", "10.0.0.21", "127.0.0.1", "10.0.0.22", "127.0.0.1",
		":8001", ":"+d.api, ":8765", ":"+d.wsserver,
		"listen 443", "listen "+d.port, "bind :443", "bind 127.0.0.1:"+d.port,
		"/etc/ssl/"+host+".crt", d.cert, "/etc/ssl/"+host+".key", d.key, "/etc/ssl/"+host+".pem", d.both,
	).Replace(sample(t, proxy.sample))
	if err := os.WriteFile(filepath.Join(dir, proxy.sample), []byte(configuration), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(proxy.program, proxy.command(dir, d)...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "HOME="+dir, "XDG_DATA_HOME="+dir, "XDG_CONFIG_HOME="+dir)
	var output lockedBuffer
	cmd.Stdout, cmd.Stderr = &output, &output
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		_ = cmd.Wait() // it ends with whatever status a signal gives it
		if t.Failed() {
			t.Logf("%s printed:\n%s", proxy.program, &output)
		}
	})
	address := origin + strings.TrimSuffix(proxy.path, "/")
	client := insecureClient()
	eventually(t, "the proxy answers", func() bool {
		res, err := client.Get(address + "/readyz")
		if err != nil {
			return false
		}
		defer res.Body.Close()
		return res.StatusCode == http.StatusOK
	})
	return s, address, func() {
		if proxy.reload != nil {
			proxy.reload(t, dir, cmd.Process)
		}
	}
}

func nginx(dir string, _ *deployment) []string {
	whole := fmt.Sprintf("daemon off; pid %[1]s/nginx.pid; error_log stderr; events {}\nhttp {\n"+
		"access_log off; client_body_temp_path %[1]s/body; proxy_temp_path %[1]s/proxy; fastcgi_temp_path %[1]s/fastcgi;\n"+
		"uwsgi_temp_path %[1]s/uwsgi; scgi_temp_path %[1]s/scgi;\ninclude %[1]s/nginx*.conf;\n}\n", dir)
	main := filepath.Join(dir, "main.cfg")
	if err := os.WriteFile(main, []byte(whole), 0o600); err != nil {
		return nil // nginx then says what is missing
	}
	return []string{"-p", dir, "-c", main, "-e", "stderr"}
}

func reloadNginx(t testing.TB, _ string, process *os.Process) {
	t.Helper()
	if err := process.Signal(syscall.SIGHUP); err != nil { // as nginx -s reload does
		t.Error(err)
	}
}

func haproxy(dir string, _ *deployment) []string {
	files, _ := filepath.Glob(filepath.Join(dir, "haproxy*.cfg")) // the pattern is valid
	return append([]string{"-db", "-f"}, files...)
}

func caddy(dir string, d *deployment) []string {
	file := filepath.Join(dir, "Caddyfile")
	text, err := os.ReadFile(file)
	if err == nil {
		global := "{\n\tadmin off\n\tauto_https disable_redirects\n}\n"
		site := fmt.Sprintf("https://%s:%s {\n\ttls %s %s\n", host, d.port, d.cert, d.key)
		err = os.WriteFile(file, []byte(global+strings.Replace(string(text), host+" {\n", site, 1)), 0o600)
	}
	if err != nil {
		return nil // caddy then says what is missing
	}
	return []string{"run", "--config", file, "--adapter", "caddyfile"}
}

func sample(t testing.TB, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "deploy", "proxies", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// certificate writes a certificate for host: the files of the certificate, the key,
// and both together.
func certificate(t testing.TB, dir string) (cert, key, both string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: host}, DNSNames: []string{host},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	public := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	hidden := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret})
	write := func(name string, text []byte) string {
		file := filepath.Join(dir, name)
		if err := os.WriteFile(file, text, 0o600); err != nil {
			t.Fatal(err)
		}
		return file
	}
	return write("cert.pem", public), write("key.pem", hidden), write("both.pem", append(public, hidden...))
}

// freePort is a port that a proxy can listen on: it cannot choose one itself and
// tell.
func freePort(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, free, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return free
}

func port(t testing.TB, address string) string {
	t.Helper()
	_, number, found := strings.Cut(strings.TrimRight(address[strings.LastIndex(address, "/")+1:], "/"), ":")
	if !found {
		t.Fatalf("%q has no port", address)
	}
	return number
}

// insecureClient resolves host to this machine and trusts any certificate.
func insecureClient() *http.Client {
	var dialer net.Dialer
	return &http.Client{Transport: &http.Transport{
		TLSClientConfig: &tls.Config{InsecureSkipVerify: true},
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			_, number, err := net.SplitHostPort(address)
			if err != nil {
				return nil, err
			}
			return dialer.DialContext(ctx, network, net.JoinHostPort("127.0.0.1", number))
		},
	}}
}

// seqOf is the number of the last event.
func seqOf(t testing.TB, client *http.Client, address string) uint64 {
	t.Helper()
	res, err := client.Get(address + "/tasks?limit=1")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != http.StatusOK {
		t.Fatalf("%s, %v: %s", res.Status, err, body)
	}
	position := res.Header.Get("Taskctl-Position")
	var seq uint64
	if _, err := fmt.Sscan(position[strings.LastIndex(position, ":")+1:], &seq); err != nil {
		t.Fatalf("Taskctl-Position %q: %v", position, err)
	}
	return seq
}
