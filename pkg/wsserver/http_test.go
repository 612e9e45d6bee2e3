package wsserver_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"taskctl/pkg/access"
	"taskctl/pkg/wsserver"

	"taskctl/pkg/wait/waittest"
)

// upgrade tries to open a WebSocket, and returns the answer and its body.
func (s *system) upgrade(t *testing.T, path string, header http.Header) (*http.Response, string) {
	t.Helper()
	conn, res, err := websocket.DefaultDialer.Dial("ws://"+s.addr+path, header)
	if err == nil {
		t.Cleanup(func() { _ = conn.Close() })
		return res, ""
	}
	if res == nil {
		t.Fatal(err)
	}
	body, _ := io.ReadAll(res.Body)
	return res, string(body)
}

func (s *system) request(t *testing.T, method, path string, header http.Header) (*http.Response, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, "http://"+s.addr+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	if header != nil {
		req.Header = header
	}
	transport := &http.Transport{DisableKeepAlives: true}
	res, err := transport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	if res.StatusCode == http.StatusSwitchingProtocols {
		return res, "" // what follows is no body, and has no end
	}
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res, string(body)
}

func wantProblem(t *testing.T, res *http.Response, body string, status int) {
	t.Helper()
	var p struct {
		Status int
		Detail string
	}
	if err := json.Unmarshal([]byte(body), &p); err != nil || p.Status != status || p.Detail == "" ||
		res.StatusCode != status || res.Header.Get("Content-Type") != "application/problem+json" {
		t.Errorf("got %s %q; want a problem with status %d", res.Status, body, status)
	}
}

func TestPaths(t *testing.T) {
	s := serve(t, wsserver.Config{}, nil)
	for _, path := range []string{"/", "/ws", "/ws?since=0"} {
		if res, body := s.upgrade(t, path, nil); res.StatusCode != http.StatusSwitchingProtocols {
			t.Errorf("%s: %s %s", path, res.Status, body)
		}
	}
	for _, path := range []string{"/wss", "/ws/", "/tasks", "/link", "//"} {
		res, body := s.upgrade(t, path, nil)
		wantProblem(t, res, body, http.StatusNotFound)
	}
}

func TestBadParameters(t *testing.T) {
	s := serve(t, wsserver.Config{}, nil)
	for _, query := range []string{
		"since=", "since=x", "since=-1", "since=+1", "since=e1:", "since=:5", "since=e1:5:6", "since=9223372036854775808",
		"since=1&since=2", "since=e%201:5", "types=", "types=task_made", "types=task_created,", "types=task_created;task_deleted",
		"task=", "task=7", "task=018d0c5e-7a00-7000-8000-00000000000", "sinse=5", "since=%zz",
	} {
		t.Run(query, func(t *testing.T) {
			res, body := s.upgrade(t, "/ws?"+query, nil)
			wantProblem(t, res, body, http.StatusBadRequest)
		})
	}
	if n := s.Clients(); n != 0 {
		t.Errorf("%d clients are counted after refused upgrades", n)
	}
}

func TestHandshake(t *testing.T) {
	s := serve(t, wsserver.Config{}, nil)
	res, body := s.request(t, "GET", "/", nil)
	wantProblem(t, res, body, http.StatusUpgradeRequired)
	if res.Header.Get("Upgrade") != "websocket" {
		t.Error("426 does not say what to upgrade to")
	}
	header := func(version, key string) http.Header {
		return http.Header{
			"Connection": {"Upgrade"}, "Upgrade": {"websocket"},
			"Sec-Websocket-Version": {version}, "Sec-Websocket-Key": {key},
		}
	}
	res, body = s.request(t, "GET", "/", header("8", "dGhlIHNhbXBsZSBub25jZQ=="))
	wantProblem(t, res, body, http.StatusUpgradeRequired)
	if res.Header.Get("Sec-WebSocket-Version") != "13" {
		t.Error("426 does not say which version is spoken (RFC 6455 §4.4)")
	}
	res, body = s.request(t, "GET", "/", header("13", "short"))
	wantProblem(t, res, body, http.StatusBadRequest)
	res, body = s.request(t, "POST", "/", header("13", "dGhlIHNhbXBsZSBub25jZQ=="))
	wantProblem(t, res, body, http.StatusMethodNotAllowed)
	for _, name := range []string{"Sec-Websocket-Version", "Sec-Websocket-Key"} {
		twice := header("13", "dGhlIHNhbXBsZSBub25jZQ==")
		twice[name] = append(twice[name], twice[name]...)
		res, body = s.request(t, "GET", "/", twice)
		wantProblem(t, res, body, http.StatusBadRequest)
	}
	if answer := s.rawHandshake(t, "HTTP/1.0"); !strings.Contains(answer, " 400 Bad Request\r\n") {
		t.Errorf("a handshake by HTTP/1.0 is answered %q", answer)
	}
	if answer := s.rawHandshake(t, "HTTP/1.1"); !strings.HasPrefix(answer, "HTTP/1.1 101 ") {
		t.Errorf("a handshake by HTTP/1.1 is answered %q", answer)
	}

	dialer := websocket.Dialer{EnableCompression: true}
	conn, res, err := dialer.Dial("ws://"+s.addr, nil)
	if err != nil {
		t.Fatal(err)
	}
	_ = conn.Close()
	if chosen := res.Header.Get("Sec-WebSocket-Extensions"); chosen != "" {
		t.Errorf("offered compression: %q", chosen)
	}
}

// rawHandshake sends one in a version of HTTP, and returns what is answered first.
func (s *system) rawHandshake(t *testing.T, version string) string {
	t.Helper()
	conn, err := net.Dial("tcp", s.addr)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(waitTimeout))
	fmt.Fprintf(conn, "GET / %s\r\nHost: %s\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"+
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n", version, s.addr)
	answer := make([]byte, 4096)
	n, err := conn.Read(answer)
	if err != nil {
		t.Fatal(err)
	}
	return string(answer[:n])
}

func TestAccess(t *testing.T) {
	s := serve(t, wsserver.Config{Access: access.Policy{Tokens: access.NewTokens(access.TokenOptions{Token: "secret", Store: access.Store{Dir: t.TempDir()}}), Loopback: true}}, nil)
	bearer := http.Header{"Authorization": {"Bearer secret"}}
	for name, c := range map[string]struct {
		header http.Header
		want   int
	}{
		"nothing":           {nil, 401},
		"wrong token":       {http.Header{"Authorization": {"Bearer secrets"}}, 401},
		"token":             {bearer, 101},
		"subprotocol":       {http.Header{"Sec-Websocket-Protocol": {"taskctl.v1, bearer.secret"}}, 101},
		"wrong subprotocol": {http.Header{"Sec-Websocket-Protocol": {"taskctl.v1, bearer.other"}}, 401},
		"foreign origin":    {http.Header{"Authorization": {"Bearer secret"}, "Origin": {"https://evil.example"}}, 403},
		"own origin":        {http.Header{"Authorization": {"Bearer secret"}, "Origin": {"http://" + s.addr}}, 101},
		"rebound name":      {http.Header{"Authorization": {"Bearer secret"}, "Host": {"evil.example"}}, 403},
	} {
		t.Run(name, func(t *testing.T) {
			res, body := s.upgrade(t, "/", c.header)
			if c.want != 101 {
				wantProblem(t, res, body, c.want)
			} else if res.StatusCode != 101 {
				t.Errorf("%s %s", res.Status, body)
			}
			if c.want == 401 && res.Header.Get("WWW-Authenticate") == "" {
				t.Error("401 without a challenge")
			}
			if p := res.Header.Get("Sec-WebSocket-Protocol"); name == "subprotocol" && p != "taskctl.v1" {
				t.Errorf("subprotocol %q selected", p)
			}
		})
	}
	for _, path := range []string{"/healthz", "/readyz", "/metrics"} {
		if res, body := s.request(t, "GET", path, bearer); res.StatusCode != 200 {
			t.Errorf("%s: %s %s", path, res.Status, body)
		}
		res, body := s.request(t, "GET", path, nil)
		switch status, public := map[string]string{"/healthz": `{"status":"ok"}`, "/readyz": `{"status":"ready"}`}[path]; {
		case !public:
			wantProblem(t, res, body, http.StatusUnauthorized)
		case res.StatusCode != 200 || body != status:
			t.Errorf("%s without the token: %s %s", path, res.Status, body)
		}
	}
}

func TestTooManyClients(t *testing.T) {
	s := serve(t, wsserver.Config{MaxClients: 2}, nil)
	first, _ := s.dial(t, "")
	s.dial(t, "")
	res, body := s.upgrade(t, "/", nil)
	wantProblem(t, res, body, http.StatusServiceUnavailable)
	if res.Header.Get("Retry-After") == "" {
		t.Error("503 without Retry-After")
	}
	_ = first.Close()
	waittest.For(t, "the place", func() bool { return s.Clients() == 1 })
	s.dial(t, "")
}

func TestMetricsPage(t *testing.T) {
	s := serve(t, wsserver.Config{}, nil)
	p, _ := s.dial(t, "")
	s.publish(7)
	p.expect(1, 7)
	waittest.For(t, "the count", func() bool { return s.value(t, "taskctl_deliveries_total") == 7 })
	_, page := s.request(t, "GET", "/metrics", nil)
	for _, line := range []string{
		"taskctl_clients 1", "taskctl_last_seq 7", "taskctl_link_up 1", "taskctl_events_total 7",
		"taskctl_deliveries_total 7", "taskctl_ring_limit_bytes 8388608", "process_resident_memory_bytes",
	} {
		if !strings.Contains(page, "\n"+line) && !strings.HasPrefix(page, line) {
			t.Errorf("no %q in the metrics", line)
		}
	}
	_, body := s.request(t, "GET", "/readyz", nil)
	if want := `{"status":"ready","clients":1,"seq":7,"epoch":"e1","lag":0,"link":"connected"}`; body != want {
		t.Errorf("/readyz answers %s; want %s", body, want)
	}
}
