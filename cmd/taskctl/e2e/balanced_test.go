//go:build unix

package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"taskctl/pkg/broker/notice"
	"taskctl/pkg/broker/notice/noticetest"
	"taskctl/pkg/client"
	"taskctl/pkg/store/postgrestest"
)

// nodes are two machines with an api and two with wsserver, in the order of the samples'
// addresses.
type nodes struct {
	dirs      [4]string
	addresses [4]string
	running   [4]*process
}

const nodesToken = "t0ken"

func startNodes(t *testing.T) *nodes {
	t.Helper()
	n := &nodes{}
	url := postgrestest.Start(t).Database(t)
	for i := range n.dirs {
		only := "api"
		if i >= 2 {
			only = "wsserver"
		}
		n.dirs[i] = onPostgres(t, url, "auth: {token: "+nodesToken+"}",
			"start: {test_task: false, only: ["+only+"]}", "trusted_proxies: [127.0.0.1]")
		n.running[i] = startedIn(t, n.dirs[i])
		for _, c := range statusOf(t, n.dirs[i]).Components {
			if c.Name == only {
				n.addresses[i] = strings.Replace(c.Address, "localhost", "127.0.0.1", 1)
			}
		}
	}
	return n
}

func (n *nodes) stop(t *testing.T, i int) {
	t.Helper()
	n.running[i].ctrlC(t)
	if code := n.running[i].exit(t); code != 0 {
		t.Errorf("machine %d exits %d", i, code)
	}
}

// again starts a machine where it was.
func (n *nodes) again(t *testing.T, i int) {
	t.Helper()
	flag := "--api-addr"
	if i >= 2 {
		flag = "--wsserver-addr"
	}
	n.running[i] = startedIn(t, n.dirs[i], flag, n.addresses[i])
}

// balanced starts a proxy with a sample of deploy/proxies before the machines.
func (n *nodes) balanced(t *testing.T, program, sample string) (address, cert string) {
	t.Helper()
	cert, key := noticetest.Certificate(t)
	dir := t.TempDir()
	both := filepath.Join(dir, "both.pem")
	text := textOf(t, cert) + textOf(t, key)
	if err := os.WriteFile(both, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	proxy := noticetest.Launch(t, &noticetest.Process{Program: program, Args: func(port string) []string {
		file := filepath.Join(dir, sample)
		text := strings.NewReplacer(
			"10.0.0.11:8001", n.addresses[0], "10.0.0.12:8001", n.addresses[1],
			"10.0.0.21:8765", n.addresses[2], "10.0.0.22:8765", n.addresses[3],
			"listen 443", "listen 127.0.0.1:"+port, "bind :443", "bind 127.0.0.1:"+port,
			"/etc/ssl/tasks.example.crt", cert, "/etc/ssl/tasks.example.key", key, "/etc/ssl/tasks.example.pem", both,
		).Replace(textOf(t, filepath.Join("..", "..", "..", "deploy", "proxies", sample)))
		if program == "haproxy" {
			putText(t, file, text)
			return []string{"-db", "-f", file}
		}
		putText(t, file, fmt.Sprintf("daemon off; pid %[1]s/pid; error_log stderr; events {}\nhttp {\naccess_log off;\n"+
			"client_body_temp_path %[1]s/body; proxy_temp_path %[1]s/proxy; fastcgi_temp_path %[1]s/fastcgi;\n"+
			"uwsgi_temp_path %[1]s/uwsgi; scgi_temp_path %[1]s/scgi;\n%[2]s}\n", dir, text))
		return []string{"-p", dir, "-c", file, "-e", "stderr"}
	}})
	return proxy.Address(), cert
}

func textOf(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func putText(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestBalancedNodes uses the samples for several machines: clients write and follow
// through the load balancer while a machine of each kind restarts, stops and comes back.
// Nothing is lost, and no client is told to read anew.
func TestBalancedNodes(t *testing.T) {
	for program, sample := range map[string]string{"nginx": "nginx-nodes.conf", "haproxy": "haproxy-nodes.cfg"} {
		t.Run(program, func(t *testing.T) {
			n := startNodes(t)
			address, cert := n.balanced(t, program, sample)
			trust, err := notice.Trust(cert)
			if err != nil {
				t.Fatal(err)
			}
			o := observeClients(t, client.Config{
				BaseURL: "https://" + address, WebSocketURL: "wss://" + address + "/ws", Token: nodesToken, TLS: trust,
			})
			const enough = 30
			o.await(t, enough)
			for i := range n.dirs {
				if _, errs, code := run(t, n.dirs[i], "restart"); code != 0 {
					t.Errorf("restart exits %d: %s", code, errs)
				}
				o.await(t, enough)
			}
			for i := range n.dirs {
				n.stop(t, i)
				o.await(t, enough)
				n.again(t, i)
				o.await(t, enough)
			}
			o.stopWriting()
			if lost, resets := o.compare(t); lost != 0 || resets != 0 {
				t.Errorf("%d acknowledged tasks lost, %d of %d followers reset", lost, resets, followers)
			}
			for i := range n.dirs {
				n.stop(t, i)
			}
		})
	}
}
