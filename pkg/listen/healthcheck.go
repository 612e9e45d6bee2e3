package listen

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"time"
)

// HealthChecker sends health checks to the server of its own process, through a pipe.
// A check over the network would wait in the accept queue behind a flood of
// connections, and a server that is only busy would be restarted.
type HealthChecker struct {
	conns  chan net.Conn
	done   chan struct{}
	once   sync.Once
	client *http.Client
}

// NewHealthChecker returns a HealthChecker for a [Server] that has it as Health.
func NewHealthChecker() *HealthChecker {
	h := &HealthChecker{conns: make(chan net.Conn), done: make(chan struct{})}
	h.client = &http.Client{Transport: &http.Transport{DialContext: h.dial}}
	return h
}

// Check sends GET /healthz, and returns an error if the response is not 200.
func (h *HealthChecker) Check(ctx context.Context) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://localhost/healthz", nil)
	if err != nil {
		return err
	}
	res, err := h.client.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = res.Body.Close() }()
	if _, err := io.Copy(io.Discard, res.Body); err != nil { // to its end, or the connection is not used again
		return err
	}
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("/healthz answers %s", res.Status)
	}
	return nil
}

func (h *HealthChecker) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	client, server := net.Pipe()
	select {
	case h.conns <- server:
		return client, nil
	case <-h.done:
		return nil, net.ErrClosed
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// listener accepts the connections of the health checks. They are not in the pool:
// they are neither counted nor closed to make room.
func (h *HealthChecker) listener(p *pool) net.Listener { return &pipeListener{h, p} }

type pipeListener struct {
	*HealthChecker
	pool *pool
}

func (l *pipeListener) Accept() (net.Conn, error) {
	select {
	case nc := <-l.conns:
		c := &conn{pool: l.pool, stage: closed}
		c.init(serverEnd{nc}, time.Time{})
		return c, nil
	case <-l.done:
		return nil, net.ErrClosed
	}
}

func (l *pipeListener) Close() error {
	l.once.Do(func() { close(l.done) })
	return nil
}

func (l *pipeListener) Addr() net.Addr { return loopback }

// serverEnd is the server's end of a pipe. It has a loopback address, like a health check
// over the network.
type serverEnd struct{ net.Conn }

var loopback = &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)}

func (serverEnd) LocalAddr() net.Addr  { return loopback }
func (serverEnd) RemoteAddr() net.Addr { return loopback }
