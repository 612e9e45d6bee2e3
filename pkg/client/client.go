// Package client lets Go programs use taskctl: tasks over HTTP, and notifications over
// a WebSocket that resumes by itself.
//
//	c, err := client.New(client.Config{})
//	…
//	answer, err := c.Create(ctx, client.Values{Title: "Buy milk"})
//	…
//	for n, err := range c.Subscribe(ctx, answer.Position, client.SubscribeOptions{}) {
//
// Every answer carries its position in the event log. A program that reads tasks and
// then subscribes from that position misses no event and sees none twice, however often
// the connection is lost.
//
// The package prints and logs nothing: everything is in return values.
package client

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/gorilla/websocket"

	"taskctl/pkg/listen"
)

// The default addresses of taskctl.
const (
	DefaultBaseURL      = "http://localhost:8001"
	DefaultWebSocketURL = "ws://localhost:8765"
)

const (
	defaultAttempts  = 4
	attemptTimeout   = 15 * time.Second // for one attempt, including connecting and reading the answer
	handshakeTimeout = 15 * time.Second // connections wait in the backlog of a restarting server
	readBufferSize   = 32 << 10
)

// Config is the configuration of a Client. The zero value means a local taskctl on its
// default ports.
type Config struct {
	BaseURL      string // of the API, http or https; empty: DefaultBaseURL
	WebSocketURL string // of the notifications, ws or wss; empty: DefaultWebSocketURL
	Token        string // auth.token of the server; empty: none is sent

	// HTTP sends the requests; nil: a new client, with a timeout of 15 s for each
	// attempt.
	HTTP *http.Client
	// Dial opens the connections of Subscribe, and those of HTTP if HTTP is nil; nil:
	// TCP.
	Dial func(ctx context.Context, network, addr string) (net.Conn, error)
	// TLS is for servers with a certificate of a private authority. It applies to
	// Subscribe, and to HTTP if HTTP is nil; nil: the system's authorities.
	TLS *tls.Config
	// Attempts is how often a request is sent before its error is returned, if the
	// answer is lost or the server asks for a retry; 0: four times.
	Attempts int
}

// Client is a client of one taskctl. Its methods may be called from any goroutine.
type Client struct {
	base, ws *url.URL
	token    string
	http     *http.Client
	dialer   websocket.Dialer
	attempts int
}

// New checks the configuration. It does not connect.
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
		dial = listen.Dialer{Timeout: handshakeTimeout}.DialContext
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
				TLSClientConfig:     cfg.TLS,
			},
		}
	}
	c.dialer = websocket.Dialer{
		Proxy:            http.ProxyFromEnvironment,
		NetDialContext:   dial,
		TLSClientConfig:  cfg.TLS,
		HandshakeTimeout: handshakeTimeout,
		ReadBufferSize:   readBufferSize,
		WriteBufferSize:  512, // pongs and a close frame
	}
	return c, nil
}

// WebSocketURL is the URL that Subscribe connects to.
func (c *Client) WebSocketURL() string { return c.ws.String() }

// BaseURL is the URL that requests are sent to.
func (c *Client) BaseURL() string { return c.base.String() }

// CloseIdleConnections closes the connections that no request is using.
func (c *Client) CloseIdleConnections() { c.http.CloseIdleConnections() }

func parseURL(given, fallback string, schemes ...string) (*url.URL, error) {
	if given == "" {
		given = fallback
	}
	u, err := url.Parse(given)
	if err != nil {
		return nil, fmt.Errorf("it must be like %s", fallback) // the URL may contain a password
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
