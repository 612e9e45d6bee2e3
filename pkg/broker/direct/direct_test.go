package direct

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/VictoriaMetrics/metrics"
	"github.com/gorilla/websocket"
	"go.uber.org/goleak"

	"taskctl/pkg/access"
	"taskctl/pkg/broker/brokertest"
	"taskctl/pkg/task"
	"taskctl/pkg/wait/waittest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// notices counts how often a receiver was notified.
type notices struct{ n atomic.Int64 }

func (c *notices) add() { c.n.Add(1) }

func (c *notices) waitFor(t *testing.T, n int64) {
	t.Helper()
	waittest.For(t, fmt.Sprintf("notice %d", n), func() bool { return c.n.Load() >= n })
}

// receiving runs a Receiver behind a server, and returns the link's URL.
func receiving(t *testing.T, ctx context.Context, tokenFile string, c *notices) (r *Receiver, url string) {
	t.Helper()
	token, err := access.SecretFile(tokenFile)
	if err != nil {
		t.Fatal(err)
	}
	r = NewReceiver(token, slog.New(slog.DiscardHandler))
	subscribed := make(chan struct{})
	go func() { defer close(subscribed); _ = r.Subscribe(ctx, nil, c.add) }()
	server := httptest.NewServer(r)
	t.Cleanup(func() { server.CloseClientConnections(); server.Close(); <-subscribed })
	return r, "ws" + strings.TrimPrefix(server.URL, "http")
}

func publishing(t *testing.T, url, tokenFile string) (p *Publisher, up <-chan bool, stop func() error) {
	t.Helper()
	links := make(chan bool, 16)
	p, err := NewPublisher(Config{URL: url, TokenFile: tokenFile, OnLink: func(up bool) { links <- up }},
		metrics.NewSet(), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- p.Run(ctx) }()
	stop = sync.OnceValue(func() error { cancel(); return <-done })
	t.Cleanup(func() { _ = stop() })
	return p, links, stop
}

func TestBroker(t *testing.T) {
	brokertest.Run(t, func(t *testing.T) brokertest.Broker {
		file := filepath.Join(t.TempDir(), "link.token")
		token, err := access.SecretFile(file)
		if err != nil {
			t.Fatal(err)
		}
		r := NewReceiver(token, slog.New(slog.DiscardHandler))
		server := httptest.NewServer(r)
		t.Cleanup(server.Close)
		p, _, _ := publishing(t, "ws"+strings.TrimPrefix(server.URL, "http"), file)
		return brokertest.Broker{Publisher: p, Subscriber: r}
	})
}

func TestLastNoticeArrivesBeforeRunReturns(t *testing.T) {
	file := filepath.Join(t.TempDir(), "link.token")
	var c notices
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	_, url := receiving(t, ctx, file, &c)
	p, up, stop := publishing(t, url, file)
	<-up
	c.waitFor(t, 1)
	p.Publish("e1", make([]task.Event, 500))
	before := c.n.Load()
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	if got := c.n.Load(); got == before {
		t.Error("no notice had arrived when Run returned")
	}
}

func TestNotifyOnce(t *testing.T) {
	file := filepath.Join(t.TempDir(), "link.token")
	var c notices
	ctx, cancel := context.WithCancel(t.Context())
	r, url := receiving(t, ctx, file, &c)
	waittest.For(t, "the subscription", func() bool { r.mu.Lock(); defer r.mu.Unlock(); return r.notify != nil })
	if err := Notify(t.Context(), Config{URL: url, TokenFile: file}); err != nil {
		t.Fatal(err)
	}
	if c.n.Load() == 0 {
		t.Error("no notice had arrived when Notify returned")
	}
	if err := Notify(t.Context(), Config{URL: url, TokenFile: file + ".other"}); err == nil {
		t.Error("a receiver that does not know the token was notified")
	}
	cancel()
}

func TestStoppedLinkIsNotReportedAsLost(t *testing.T) {
	file := filepath.Join(t.TempDir(), "link.token")
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	_, url := receiving(t, ctx, file, new(notices))
	_, links, stop := publishing(t, url, file)
	if up := <-links; !up {
		t.Fatal("it began without a link")
	}
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	if len(links) > 0 {
		t.Error("a link that was stopped is reported as lost")
	}
}

func TestReceiverIsNotifiedWhenALinkComesAndGoes(t *testing.T) {
	file := filepath.Join(t.TempDir(), "link.token")
	var c notices
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	r, url := receiving(t, ctx, file, &c)
	_, up, _ := publishing(t, url, file)
	<-up
	c.waitFor(t, 1)
	if !r.Connected() {
		t.Error("not connected while a publisher is there")
	}
	before := c.n.Load()
	r.cut()
	c.waitFor(t, before+1)
}

// cut breaks every link.
func (r *Receiver) cut() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for conn := range r.links {
		_ = conn.NetConn().Close()
	}
}

func TestPublisherReconnects(t *testing.T) {
	file := filepath.Join(t.TempDir(), "link.token")
	var c notices
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	r, url := receiving(t, ctx, file, &c)
	p, up, _ := publishing(t, url, file)
	<-up
	waittest.For(t, "the link", r.Connected)
	r.cut()
	if <-up || !<-up {
		t.Fatal("want down, then up")
	}
	waittest.For(t, "the second link", r.Connected)
	before := c.n.Load()
	p.Publish("e1", make([]task.Event, 1))
	c.waitFor(t, before+1)
}

// Only a publisher that proves that it knows the token may notify.
func TestPublishersWithoutTheTokenAreRefused(t *testing.T) {
	file := filepath.Join(t.TempDir(), "link.token")
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var c notices
	r, url := receiving(t, ctx, file, &c)
	token, err := access.SecretFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for name, header := range map[string]http.Header{
		"no nonce":            {},
		"a nonce of no hex":   {nonceHeader: {strings.Repeat("x", 64)}},
		"the token as before": {"Authorization": {"Bearer " + token}},
	} {
		_, res, err := websocket.DefaultDialer.Dial(url, header)
		if err == nil || res == nil || res.StatusCode != http.StatusUnauthorized {
			t.Errorf("%s: %v, %v; want 401", name, res, err)
		}
	}
	nonce := newNonce()
	_, res, err := websocket.DefaultDialer.Dial(url, http.Header{nonceHeader: {nonce}, "Origin": {"http://localhost"}})
	if err == nil || res == nil || res.StatusCode != http.StatusForbidden {
		t.Errorf("a browser: %v, %v; want 403", res, err)
	}
	for name, proof := range map[string]func(h handshake) string{
		"nothing":              func(handshake) string { return "" },
		"the receiver's proof": func(h handshake) string { return h.proof(receiverRole) },
		"another token": func(h handshake) string {
			h.token = strings.Repeat("0", 64)
			return h.proof(publisherRole)
		},
		"a proof for another connection": func(h handshake) string {
			h.receiverNonce = newNonce()
			return h.proof(publisherRole)
		},
	} {
		conn, res, err := websocket.DefaultDialer.Dial(url, http.Header{nonceHeader: {nonce}})
		if err != nil {
			t.Fatal(err)
		}
		h := handshake{token: token, publisherNonce: nonce, receiverNonce: res.Header.Get(nonceHeader)}
		if err := send(conn, websocket.TextMessage, []byte(proof(h))); err != nil {
			t.Fatal(err)
		}
		_ = send(conn, websocket.BinaryMessage, nil) // may already be cut off
		var closed *websocket.CloseError
		if _, _, err := conn.ReadMessage(); !errors.As(err, &closed) || closed.Code != websocket.ClosePolicyViolation {
			t.Errorf("%s: %v; want close 1008", name, err)
		}
		_ = conn.Close()
	}
	if c.n.Load() != 0 || r.Connected() {
		t.Errorf("the receiver was notified %d times", c.n.Load())
	}
}

// A server at wsserver's address that does not know the token gets neither the token
// nor a usable proof.
func TestTokenIsNotSentToAnotherServer(t *testing.T) {
	file := filepath.Join(t.TempDir(), "link.token")
	token, err := access.SecretFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for name, answer := range map[string]func(nonce string) http.Header{
		"no proof": func(string) http.Header { return nil },
		"a guess": func(string) http.Header {
			return http.Header{nonceHeader: {newNonce()}, proofHeader: {strings.Repeat("0", 64)}}
		},
		"a reflected proof": func(nonce string) http.Header {
			h := handshake{token: token, publisherNonce: nonce, receiverNonce: newNonce()}
			return http.Header{nonceHeader: {h.receiverNonce}, proofHeader: {h.proof(publisherRole)}}
		},
	} {
		t.Run(name, func(t *testing.T) {
			var seen sync.Map
			messages := make(chan int, 1)
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if text := fmt.Sprint(r.Header, r.URL); strings.Contains(text, token) {
					seen.Store(text, true)
				}
				conn, err := (&websocket.Upgrader{}).Upgrade(w, r, answer(r.Header.Get(nonceHeader)))
				if err != nil {
					return
				}
				defer conn.Close()
				n := 0
				for {
					if _, _, err := conn.ReadMessage(); err != nil {
						break
					}
					n++
				}
				select {
				case messages <- n:
				default:
				}
			}))
			defer server.Close()
			p, _, _ := publishing(t, "ws"+strings.TrimPrefix(server.URL, "http"), file)
			if n := <-messages; n != 0 || p.Connected() {
				t.Errorf("the publisher sent %d messages, connected %t", n, p.Connected())
			}
			seen.Range(func(text, _ any) bool { t.Errorf("the token was sent: %v", text); return true })
		})
	}
}

// Connections that prove nothing are bounded in number.
func TestUnprovenConnectionsAreBounded(t *testing.T) {
	file := filepath.Join(t.TempDir(), "link.token")
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	_, url := receiving(t, ctx, file, new(notices))
	for range maxUnauthenticated {
		conn, _, err := websocket.DefaultDialer.Dial(url, http.Header{nonceHeader: {newNonce()}})
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
	}
	_, res, err := websocket.DefaultDialer.Dial(url, http.Header{nonceHeader: {newNonce()}})
	if err == nil || res == nil || res.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("%v, %v; want 503", res, err)
	}
}

func TestOneTokenForAll(t *testing.T) {
	file := filepath.Join(t.TempDir(), "data", "link.token")
	tokens := make([]string, 32)
	var wg sync.WaitGroup
	for i := range tokens {
		wg.Go(func() {
			var err error
			if tokens[i], err = access.SecretFile(file); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	for _, token := range tokens {
		if token != tokens[0] || token == "" {
			t.Fatalf("different tokens: %q and %q", token, tokens[0])
		}
	}
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the token file: %v, %v; want mode 0600", info.Mode(), err)
	}
	if left, _ := filepath.Glob(filepath.Join(filepath.Dir(file), ".secret-*")); len(left) > 0 {
		t.Errorf("temporary files are left: %v", left)
	}
}
