package bench

import (
	"cmp"
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"taskctl/pkg/listen"
)

// dialTimeout bounds one connection attempt with its handshake. While a server
// restarts, connections wait in its backlog.
const dialTimeout = 15 * time.Second

// connectionsPerSource is how many connections to one server come from one address on
// loopback: with a source address go about 28,000 ports.
const connectionsPerSource = 20_000

// endpoint is one or several servers for many connections.
type endpoint struct {
	url     *url.URL // of the first server: its host and path are in every request
	servers []server
	dialed  atomic.Uint64
	token   string
}

// server is one of the servers of an endpoint.
type server struct {
	url    string // without a password
	addr   string // resolved once, so that no attempt waits for DNS
	secure *tls.Config
}

// ConnectError reports that no connection to an address could be opened.
type ConnectError struct {
	URL string
	Err error
}

func (e *ConnectError) Error() string { return fmt.Sprintf("connect to %s: %v", e.URL, e.Err) }

// Unwrap returns the cause.
func (e *ConnectError) Unwrap() error { return e.Err }

// credentials are how a client and a server know each other.
type credentials struct {
	token string      // empty: none is sent
	tls   *tls.Config // nil: the system's authorities
}

// newEndpoint resolves the addresses of servers that share the connections, and checks
// that each listens there.
func newEndpoint(ctx context.Context, addresses []string, c credentials) (*endpoint, error) {
	e := &endpoint{token: c.token}
	for _, address := range addresses {
		u, err := url.Parse(address)
		if err != nil {
			return nil, fmt.Errorf("read the address: %w", err)
		}
		if e.url == nil {
			e.url = u
		}
		if u.Path != e.url.Path {
			return nil, fmt.Errorf("the paths of %s and %s differ", e.url.Redacted(), u.Redacted())
		}
		s, err := newServer(ctx, u, c.tls)
		if err != nil {
			return nil, err
		}
		e.servers = append(e.servers, s)
	}
	return e, nil
}

func newServer(ctx context.Context, u *url.URL, config *tls.Config) (server, error) {
	s := server{url: u.Redacted()}
	port := u.Port()
	switch u.Scheme {
	case "http", "ws":
		port = cmp.Or(port, "80")
	case "https", "wss":
		port = cmp.Or(port, "443")
		s.secure = &tls.Config{MinVersion: tls.VersionTLS12}
		if config != nil {
			s.secure = config.Clone()
		}
		s.secure.ServerName, s.secure.NextProtos = u.Hostname(), []string{"http/1.1"}
	default:
		return s, fmt.Errorf("read the address %q: unknown scheme", u.Redacted())
	}
	s.addr = net.JoinHostPort(u.Hostname(), port)
	conn, err := s.dial(ctx, nil)
	if err != nil {
		return s, err
	}
	s.addr = conn.RemoteAddr().String()
	return s, conn.Close()
}

// dial connects to the next server.
func (e *endpoint) dial(ctx context.Context) (net.Conn, error) {
	n := e.dialed.Add(1) - 1
	s := e.servers[n%uint64(len(e.servers))]
	return s.dial(ctx, s.source(n/uint64(len(e.servers))))
}

// source is the address that the nth connection comes from; nil: any.
func (s server) source(n uint64) net.Addr {
	host, _, _ := net.SplitHostPort(s.addr)
	if host != "127.0.0.1" || n < connectionsPerSource {
		return nil
	}
	return &net.TCPAddr{IP: net.IPv4(127, 0, 0, byte(1+n/connectionsPerSource%250))}
}

func (s server) dial(ctx context.Context, source net.Addr) (net.Conn, error) {
	dialer := net.Dialer{Timeout: dialTimeout, LocalAddr: source}
	var (
		conn net.Conn
		err  error
	)
	if s.secure == nil {
		conn, err = dialer.DialContext(ctx, "tcp", s.addr)
	} else {
		conn, err = (&tls.Dialer{NetDialer: &dialer, Config: s.secure}).DialContext(ctx, "tcp", s.addr)
	}
	if err != nil {
		return nil, &ConnectError{URL: s.url, Err: err}
	}
	return conn, nil
}

// path returns the URL's path followed by more.
func (e *endpoint) path(more string) string {
	return strings.TrimRight(e.url.EscapedPath(), "/") + more
}

// Local reports whether an address is on this machine's loopback.
func Local(address string) bool {
	u, err := url.Parse(address)
	return err == nil && listen.IsLoopback(u.Hostname())
}

// AllLocal reports whether all of the addresses are on this machine's loopback.
func AllLocal(addresses []string) bool {
	return !slices.ContainsFunc(addresses, func(a string) bool { return !Local(a) })
}
