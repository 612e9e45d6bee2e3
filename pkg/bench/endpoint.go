package bench

import (
	"cmp"
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/url"
	"strings"
	"time"

	"github.com/taskctl/taskctl/pkg/listen"
)

// dialTimeout bounds one connection and its handshake; a restarting server's
// connections wait in its backlog.
const dialTimeout = 15 * time.Second

// endpoint is a place to open many connections to.
type endpoint struct {
	url    *url.URL
	addr   string // as it was resolved once
	secure *tls.Config
	token  string
}

// ConnectError says that nothing could be reached at an address.
type ConnectError struct {
	URL string
	Err error
}

func (e *ConnectError) Error() string { return fmt.Sprintf("connect to %s: %v", e.URL, e.Err) }

// Unwrap returns the cause.
func (e *ConnectError) Unwrap() error { return e.Err }

// newEndpoint looks an address up, and that something listens there.
func newEndpoint(ctx context.Context, address, token string) (*endpoint, error) {
	u, err := url.Parse(address)
	if err != nil {
		return nil, fmt.Errorf("read the address: %w", err)
	}
	e := &endpoint{url: u, token: token}
	port := u.Port()
	switch u.Scheme {
	case "http", "ws":
		port = cmp.Or(port, "80")
	case "https", "wss":
		port = cmp.Or(port, "443")
		e.secure = &tls.Config{ServerName: u.Hostname(), NextProtos: []string{"http/1.1"}, MinVersion: tls.VersionTLS12}
	default:
		return nil, fmt.Errorf("read the address %q: unknown scheme", u.Redacted())
	}
	e.addr = net.JoinHostPort(u.Hostname(), port)
	conn, err := e.dial(ctx)
	if err != nil {
		return nil, err
	}
	e.addr = conn.RemoteAddr().String()
	return e, conn.Close()
}

func (e *endpoint) dial(ctx context.Context) (net.Conn, error) {
	dialer := net.Dialer{Timeout: dialTimeout}
	var (
		conn net.Conn
		err  error
	)
	if e.secure == nil {
		conn, err = dialer.DialContext(ctx, "tcp", e.addr)
	} else {
		conn, err = (&tls.Dialer{NetDialer: &dialer, Config: e.secure}).DialContext(ctx, "tcp", e.addr)
	}
	if err != nil {
		return nil, &ConnectError{URL: e.url.Redacted(), Err: err}
	}
	return conn, nil
}

// path is the URL's path with more behind it.
func (e *endpoint) path(more string) string {
	return strings.TrimRight(e.url.EscapedPath(), "/") + more
}

// Local reports whether an address is on this machine's loopback.
func Local(address string) bool {
	u, err := url.Parse(address)
	return err == nil && listen.IsLoopback(u.Hostname())
}
