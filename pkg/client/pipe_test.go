package client_test

import (
	"context"
	"net"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gorilla/websocket"

	"taskctl/pkg/client"
)

// pipes is a network without sockets, so that synctest's clock runs.
type pipes struct {
	conns  chan net.Conn
	closed chan struct{}
}

func (p *pipes) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	near, far := net.Pipe()
	select {
	case p.conns <- far:
		return near, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case conn := <-p.conns:
		return conn, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error   { close(p.closed); return nil }
func (p *pipes) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 8765} }

// inBubble runs test with a client of a server that is handler, under a clock
// that jumps when everyone waits.
func inBubble(t *testing.T, handler http.HandlerFunc, test func(t *testing.T, c *client.Client)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		network := &pipes{conns: make(chan net.Conn), closed: make(chan struct{})}
		server := &http.Server{Handler: handler}
		go func() { _ = server.Serve(network) }()
		defer server.Close()
		c, err := client.New(client.Config{Dial: network.dial})
		if err != nil {
			t.Fatal(err)
		}
		defer c.CloseIdleConnections()
		test(t, c)
	})
}

// serveStream upgrades and hands the connection over, while another goroutine
// reads it, as every server must; it returns when the client is gone. Handlers
// are set by prepare, before anything is read.
func serveStream(w http.ResponseWriter, r *http.Request, serve func(*websocket.Conn), prepare ...func(*websocket.Conn)) {
	upgrader := websocket.Upgrader{}
	conn, err := upgrader.Upgrade(w, r, nil)
	if err != nil {
		return
	}
	for _, f := range prepare {
		f(conn)
	}
	gone := make(chan struct{})
	go func() {
		defer close(gone)
		for {
			if _, _, err := conn.ReadMessage(); err != nil {
				return
			}
		}
	}()
	serve(conn)
	<-gone
	_ = conn.Close()
}

func send(t *testing.T, conn *websocket.Conn, text string) {
	if err := conn.WriteMessage(websocket.TextMessage, []byte(text)); err != nil {
		t.Log("send:", err)
	}
}

func closeWith(conn *websocket.Conn, code int, reason string) {
	_ = conn.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(code, reason), time.Now().Add(time.Second))
	_ = conn.Close()
}
