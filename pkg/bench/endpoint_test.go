package bench

import (
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"testing"
)

// TestSeveralServers has two servers share the connections.
func TestSeveralServers(t *testing.T) {
	var urls []string
	for range 2 {
		s := httptest.NewServer(http.NotFoundHandler())
		t.Cleanup(s.Close)
		urls = append(urls, s.URL)
	}
	e, err := newEndpoint(t.Context(), urls, credentials{})
	if err != nil {
		t.Fatal(err)
	}
	counts := make(map[string]int)
	for range 6 {
		conn, err := e.dial(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		counts["http://"+conn.RemoteAddr().String()]++
		_ = conn.Close()
	}
	if counts[urls[0]] != 3 || counts[urls[1]] != 3 {
		t.Errorf("the connections went to %v", counts)
	}
	if _, err := newEndpoint(t.Context(), []string{urls[0], urls[1] + "/elsewhere"}, credentials{}); err == nil {
		t.Error("servers with different paths are accepted")
	}
}

// TestSourceAddresses has the connections after the first 20,000 come from another
// address, which has ports of its own.
func TestSourceAddresses(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("only Linux has all of 127.0.0.0/8 on loopback")
	}
	s := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(s.Close)
	e, err := newEndpoint(t.Context(), []string{s.URL}, credentials{})
	if err != nil {
		t.Fatal(err)
	}
	for dialed, source := range map[uint64]string{0: "127.0.0.1", connectionsPerSource: "127.0.0.2", 3 * connectionsPerSource: "127.0.0.4"} {
		e.dialed.Store(dialed)
		conn, err := e.dial(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if host, _, _ := net.SplitHostPort(conn.LocalAddr().String()); host != source {
			t.Errorf("connection %d comes from %s, want %s", dialed, host, source)
		}
		_ = conn.Close()
	}
}
