package listen

import (
	"net"
	"strconv"
	"strings"
	"testing"
)

// TestDialLocalhost connects to listeners on one loopback address each. It does
// not show that no resolver is asked; the image's own test does.
func TestDialLocalhost(t *testing.T) {
	for _, loopback := range []string{"127.0.0.1:0", "[::1]:0"} {
		l, err := net.Listen("tcp", loopback)
		if err != nil {
			t.Logf("%s is not available: %v", loopback, err)
			continue
		}
		port := l.Addr().(*net.TCPAddr).Port
		conn, err := Dialer{}.DialContext(t.Context(), "tcp", net.JoinHostPort("localhost", strconv.Itoa(port)))
		if err != nil {
			t.Errorf("%s: %v", loopback, err)
		} else {
			_ = conn.Close()
		}
		_ = l.Close()
		if _, err := (Dialer{}).DialContext(t.Context(), "tcp", net.JoinHostPort("localhost", strconv.Itoa(port))); err == nil || !strings.Contains(err.Error(), "refused") {
			t.Errorf("a closed port: %v", err)
		}
	}
}
