// Package client is how Go programs use taskctl: tasks over HTTP, and their
// notifications over a WebSocket that resumes by itself.
//
//	c, err := client.New(client.Config{})
//	…
//	answer, err := c.Create(ctx, client.Values{Title: "Buy milk"})
//	…
//	for n, err := range c.Subscribe(ctx, answer.Position, client.SubscribeOptions{}) {
//
// Every answer carries the position of the event log it stands at. Whoever reads
// tasks and then subscribes from that position misses nothing and sees nothing
// twice, however often the connection is lost in between.
//
// It prints nothing and logs nothing: what happens is told by return values.
package client

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/gorilla/websocket"
)

// Where taskctl listens unless it is told otherwise.
const (
	DefaultBaseURL      = "http://localhost:8001"
	DefaultWebSocketURL = "ws://localhost:8765"
)

const (
	defaultAttempts  = 4
	attemptTimeout   = 15 * time.Second // for one attempt, connecting and reading the answer included
	handshakeTimeout = 15 * time.Second // a restarting server's connections wait in its backlog
	readBufferSize   = 32 << 10
)

// Config says where taskctl is and how to reach it. The zero value is a local
// taskctl on its default ports.
type Config struct {
	BaseURL      string // of the API, http or https; empty: DefaultBaseURL
	WebSocketURL string // of the notifications, ws or wss; empty: DefaultWebSocketURL
	Token        string // auth.token of the server; empty: none is sent

	// HTTP sends the requests; nil: a client of its own, with a timeout of 15 s
	// for each attempt.
	HTTP *http.Client
	// Dial opens the connections of Subscribe, and those of HTTP where that is
	// nil; nil: TCP.
	Dial func(ctx context.Context, network, addr string) (net.Conn, error)
	// Attempts is how often a request is sent before its error is returned, when
	// its answer was lost or the server asks to come again; 0: four times.
	Attempts int
}

// Client talks to one taskctl. Its methods may be called from any goroutine.
type Client struct {
	base, ws *url.URL
	token    string
	http     *http.Client
	dialer   websocket.Dialer
	attempts int
}

// New checks the configuration and connects to nothing.
func New(cfg Config) (*Client, error) {
	base, err := parseURL(cfg.BaseURL, DefaultBaseURL, "http", "https")
	if err != nil {
		return nil, fmt.Errorf("API address: %w", err)
	}
	ws, err := parseURL(cfg.WebSocketURL, DefaultWebSocketURL, "ws", "wss")
	if err != nil {
		return nil, fmt.Errorf("WebSocket address: %w", err)
	}
	if strings.ContainsAny(cfg.Token, "\r\n\x00") {
		return nil, errors.New("token must be a single line")
	}
	c := &Client{base: base, ws: ws, token: cfg.Token, http: cfg.HTTP, attempts: cfg.Attempts}
	if c.attempts <= 0 {
		c.attempts = defaultAttempts
	}
	dial := cfg.Dial
	if dial == nil {
		dial = (&net.Dialer{Timeout: handshakeTimeout, KeepAlive: 30 * time.Second}).DialContext
	}
	if c.http == nil {
		c.http = &http.Client{
			Timeout: attemptTimeout,
			Transport: &http.Transport{
				Proxy:               http.ProxyFromEnvironment,
				DialContext:         dial,
				MaxIdleConnsPerHost: 64,
				IdleConnTimeout:     30 * time.Second,
				TLSHandshakeTimeout: handshakeTimeout,
			},
		}
	}
	c.dialer = websocket.Dialer{
		Proxy:            http.ProxyFromEnvironment,
		NetDialContext:   dial,
		HandshakeTimeout: handshakeTimeout,
		ReadBufferSize:   readBufferSize,
		WriteBufferSize:  512, // pongs and a close frame
	}
	return c, nil
}

// WebSocketURL is where Subscribe connects to.
func (c *Client) WebSocketURL() string { return c.ws.String() }

// BaseURL is where requests are sent to.
func (c *Client) BaseURL() string { return c.base.String() }

// CloseIdleConnections closes the connections that no request is using.
func (c *Client) CloseIdleConnections() { c.http.CloseIdleConnections() }

func parseURL(given, fallback string, schemes ...string) (*url.URL, error) {
	if given == "" {
		given = fallback
	}
	u, err := url.Parse(given)
	if err != nil {
		return nil, fmt.Errorf("it must be like %s", fallback) // what was given may hold a password
	}
	for _, scheme := range schemes {
		if u.Scheme != scheme {
			continue
		}
		if u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
			break
		}
		u.Path = strings.TrimRight(u.Path, "/")
		return u, nil
	}
	return nil, fmt.Errorf("%q must be like %s", u.Redacted(), fallback)
}

// authorize adds the token to a request or a handshake.
func (c *Client) authorize(h http.Header) {
	if c.token != "" {
		h.Set("Authorization", "Bearer "+c.token)
	}
}
