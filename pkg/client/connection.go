package client

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/gorilla/websocket"
)

const (
	silence    = 60 * time.Second // the server pings every 25 s
	maxMessage = 1 << 20          // the largest task is about 61 kB of JSON
	goodbye    = 200 * time.Millisecond

	closePolicy = websocket.ClosePolicyViolation
)

// CloseError reports that the server has ended a connection.
type CloseError struct {
	Code   int    // RFC 6455 §7.4.1; 1006: the connection broke without a close frame
	Reason string // as sent
	// RetryAfter is the wait that the server asks for (retry=<ms>); negative: none.
	RetryAfter time.Duration
}

func (e *CloseError) Error() string {
	if e.Reason == "" {
		return fmt.Sprintf("the server closed the connection (%d)", e.Code)
	}
	return fmt.Sprintf("the server closed the connection (%d: %s)", e.Code, e.Reason)
}

// connection dials, reads until the connection ends, and returns the reason. It returns
// nil when the reader has stopped the iteration.
func (s *subscription) connection(ctx context.Context) error {
	conn, err := s.client.dial(ctx, s.query().Encode())
	if err != nil {
		return err
	}
	closed := make(chan struct{})
	stop := context.AfterFunc(ctx, func() { hangUp(conn); close(closed) })
	defer func() {
		if stop() {
			hangUp(conn)
		} else {
			<-closed
		}
	}()
	alive := func() { _ = conn.SetReadDeadline(time.Now().Add(silence)) }
	conn.SetReadLimit(maxMessage)
	conn.SetPingHandler(func(data string) error {
		alive()
		// If a pong cannot be sent, the next read fails as well.
		_ = conn.WriteControl(websocket.PongMessage, []byte(data), time.Now().Add(time.Second))
		return nil
	})
	epoch := ""
	for !s.ended {
		alive()
		kind, raw, err := conn.ReadMessage()
		if err != nil {
			return s.client.readError(err)
		}
		if kind != websocket.TextMessage {
			return errors.New("read message: it is not text")
		}
		f, err := decode(raw)
		switch {
		case err != nil:
			return err
		case epoch == "" && f.Type == typeConnected:
			epoch = f.Epoch
			err = s.welcome(f, raw)
		case epoch == "":
			return fmt.Errorf("read message: %q came before the welcome", f.Type)
		default:
			err = s.take(epoch, f, raw)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// dial performs the WebSocket handshake. Its error is a *ConnectError, a *Problem for an
// answer other than 101, or that of ctx.
func (c *Client) dial(ctx context.Context, query string) (*websocket.Conn, error) {
	target := *c.ws
	target.RawQuery = query
	header := http.Header{}
	c.authorize(header)
	conn, res, err := c.dialer.DialContext(ctx, target.String(), header)
	switch {
	case err == nil:
		return conn, nil
	case res != nil && errors.Is(err, websocket.ErrBadHandshake) && res.StatusCode != http.StatusSwitchingProtocols:
		body, _ := io.ReadAll(res.Body) // gorilla keeps the first kilobyte
		p := newProblem(res.StatusCode, res.Header, body)
		if text := strings.TrimSpace(string(body)); p.Detail == "" && strings.HasPrefix(res.Header.Get("Content-Type"), "text/plain") {
			p.Detail = text
		}
		return nil, p
	case ctx.Err() != nil:
		return nil, ctx.Err()
	}
	return nil, &ConnectError{Addr: c.ws.Host, Err: err}
}

// readError returns how a connection has ended.
func (c *Client) readError(err error) error {
	var closed *websocket.CloseError
	if !errors.As(err, &closed) {
		return &ConnectError{Addr: c.ws.Host, Sent: true, Err: err}
	}
	e := &CloseError{Code: closed.Code, Reason: closed.Text, RetryAfter: -1}
	if digits, ok := strings.CutPrefix(closed.Text, "retry="); ok {
		if ms, err := strconv.ParseUint(digits, 10, 31); err == nil {
			e.RetryAfter = time.Duration(ms) * time.Millisecond
		}
	}
	return e
}

// hangUp sends a close frame (RFC 6455 §7.1.1) and closes the connection.
func hangUp(conn *websocket.Conn) {
	_ = conn.WriteControl(websocket.CloseMessage,
		websocket.FormatCloseMessage(websocket.CloseNormalClosure, ""), time.Now().Add(goodbye))
	_ = conn.Close()
}
