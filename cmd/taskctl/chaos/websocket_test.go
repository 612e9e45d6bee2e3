//go:build linux

package chaos

import (
	"context"
	"errors"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"time"

	"github.com/gorilla/websocket"

	"taskctl/pkg/client"
	"taskctl/pkg/task"
)

// reconnectDelay is the pause of a consumer before it reconnects.
const reconnectDelay = 50 * time.Millisecond

// follower is a plain WebSocket client that resumes after the last message it received,
// and does not repair gaps.
type follower struct {
	*recorder
	servers // ws://…
	header  http.Header
	types   string // the filter; "": none
	dial    func(ctx context.Context, network, addr string) (net.Conn, error)
	random  *rand.Rand
	leaves  int           // it disconnects after at most this many messages; 0: never
	quiet   time.Duration // it disconnects after this long without a message; 0: never

	epoch string
}

func (f *follower) run(ctx context.Context) {
	for ctx.Err() == nil {
		f.follow(ctx)
		pause(ctx, reconnectDelay)
	}
}

// follow makes one connection and reads it to its end.
func (f *follower) follow(ctx context.Context) {
	dialer := websocket.Dialer{NetDialContext: f.dial, HandshakeTimeout: 5 * time.Second}
	since := task.Position{Epoch: f.epoch, Seq: f.at.Load()}
	query := url.Values{"since": {since.String()}}
	if f.types != "" {
		query.Set("types", f.types)
	}
	conn, res, err := dialer.DialContext(ctx, f.next()+"?"+query.Encode(), f.header)
	if err != nil {
		if res != nil && res.StatusCode >= 400 && res.StatusCode <= 499 {
			f.alarmf("the handshake was answered %s", res.Status)
		}
		return
	}
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	defer stop()
	defer func() { _ = conn.Close() }()
	f.connected()
	remaining := -1
	if f.leaves > 0 {
		remaining = 1 + f.random.IntN(f.leaves)
	}
	for ; remaining != 0; remaining-- {
		if f.quiet > 0 {
			_ = conn.SetReadDeadline(time.Now().Add(f.quiet)) // after an error the read fails too
		}
		kind, raw, err := conn.ReadMessage()
		if err != nil {
			f.ended(err)
			return
		}
		m, err := parseMessage(raw)
		if kind != websocket.TextMessage || err != nil {
			f.alarmf("not a message of ours: %q", raw)
			return
		}
		if m.Type == "connected" {
			f.epoch = m.Epoch
		}
		f.message(raw, m.Seq)
	}
	if f.random.IntN(2) == 0 {
		goodbye := websocket.FormatCloseMessage(websocket.CloseNormalClosure, "")
		_ = conn.WriteControl(websocket.CloseMessage, goodbye, time.Now().Add(time.Second))
	}
	f.notef("hung up")
}

// servers are addresses that are used in turn.
type servers struct {
	urls     []string
	attempts int
}

func (s *servers) next() string {
	s.attempts++
	return s.urls[s.attempts%len(s.urls)]
}

// ended records why a connection ended. The reasons listed here are normal while
// processes are being killed; any other code means a mistake of this client.
func (f *follower) ended(err error) {
	f.notef("ended: %v", err)
	var closed *websocket.CloseError
	if !errors.As(err, &closed) {
		return
	}
	switch closed.Code {
	case websocket.CloseGoingAway, websocket.CloseAbnormalClosure, websocket.CloseServiceRestart, websocket.CloseTryAgainLater:
	default:
		f.alarmf("the connection was closed with %d %q", closed.Code, closed.Text)
	}
}

// subscribe is a consumer that uses the Go client. The client repairs gaps by itself,
// but a gap is a fault of the server.
func subscribe(ctx context.Context, r *recorder, c *client.Client) {
	for n, err := range c.Subscribe(ctx, task.Position{}, client.SubscribeOptions{MaxWait: time.Second}) {
		if err != nil {
			r.alarmf("the subscription ended: %v", err)
			return
		}
		switch n := n.(type) {
		case client.Connected:
			r.connected()
			r.message(n.Raw, n.Position.Seq)
		case client.Event:
			r.message(n.Raw, n.Position.Seq)
		case client.Reset:
			r.message(n.Raw, n.Position.Seq)
		case client.Disconnected:
			r.notef("ended: %v", n.Err)
			if errors.Is(n.Err, client.ErrHole) {
				r.alarmf("%v", n.Err)
			}
		}
	}
}

// slowDial opens a connection that is read in small pieces at an even pace until
// catchUp is closed: a consumer that cannot keep up. Now and then it reads nothing.
func slowDial(catchUp <-chan struct{}, random *rand.Rand, stall time.Duration) func(context.Context, string, string) (net.Conn, error) {
	return func(ctx context.Context, network, addr string) (net.Conn, error) {
		conn, err := new(net.Dialer).DialContext(ctx, network, addr)
		if err != nil {
			return nil, err
		}
		if err := conn.(*net.TCPConn).SetReadBuffer(64 << 10); err != nil {
			return nil, errors.Join(err, conn.Close())
		}
		ctx, cancel := context.WithCancel(context.WithoutCancel(ctx)) // of the connection, not of the dialling
		return &slowConn{Conn: conn, catchUp: catchUp, random: random, stall: stall, closed: ctx, close: cancel}, nil
	}
}

type slowConn struct {
	net.Conn
	catchUp <-chan struct{}
	random  *rand.Rand
	stall   time.Duration
	closed  context.Context
	close   context.CancelFunc
}

func (c *slowConn) Read(p []byte) (int, error) {
	select {
	case <-c.catchUp:
		return c.Conn.Read(p)
	default:
	}
	wait := 4 * time.Millisecond // this client is slow on purpose
	if c.random.IntN(5000) == 0 {
		wait = c.stall
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-c.catchUp:
	case <-c.closed.Done():
	}
	return c.Conn.Read(p[:min(len(p), 256)])
}

func (c *slowConn) Close() error {
	c.close()
	return c.Conn.Close()
}

// pause waits, or returns when ctx ends.
func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// get sends a GET request.
func get(ctx context.Context, c *http.Client, target string, header http.Header) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, target, nil)
	if err != nil {
		return nil, err
	}
	for name, values := range header {
		req.Header[name] = values
	}
	return c.Do(req)
}
