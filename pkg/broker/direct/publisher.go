// Package direct notifies wsserver of committed events over one authenticated
// WebSocket. It only speeds delivery up: a notice carries no event, but tells the
// receiver to read the event log.
package direct

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/VictoriaMetrics/metrics"
	"github.com/gorilla/websocket"

	"taskctl/pkg/access"
	"taskctl/pkg/listen"
	"taskctl/pkg/task"
)

const (
	minReconnectDelay = 20 * time.Millisecond // before the second attempt; doubled up to maxReconnectDelay
	maxReconnectDelay = time.Second
	dialTimeout       = 5 * time.Second
	writeTimeout      = 5 * time.Second
	// closeTimeout bounds the wait for the receiver's close frame, which says that it
	// has read all notices.
	closeTimeout = time.Second

	// A notice for this many events means that the store is busy. The publisher then
	// waits for coalesceDelay, so that one notice covers the next commits too: each
	// notice wakes wsserver and every client, which would be most of their cost.
	busyEvents    = 8
	coalesceDelay = 5 * time.Millisecond
)

// Config is the configuration of the link.
type Config struct {
	URL       string      // of wsserver's link: ws://localhost:8765/link
	TokenFile string      // see access.SecretFile; read at every attempt
	TLS       *tls.Config // for wss; nil: the system's authorities

	// OnLink is called when the link comes up, and when it is lost; nil: not called.
	OnLink func(up bool)
}

// Publisher is the api's end of the link. Make it with NewPublisher.
type Publisher struct {
	cfg     Config
	log     *slog.Logger
	up      atomic.Bool
	pending atomic.Int64  // events committed since the last notice
	more    chan struct{} // holds one value while a notice is due
	dropped *metrics.Counter
	sent    *metrics.Counter
}

var _ task.Publisher = (*Publisher)(nil)

// NewPublisher wires the link; it connects in Run.
func NewPublisher(cfg Config, set *metrics.Set, log *slog.Logger) (*Publisher, error) {
	if cfg.URL == "" || cfg.TokenFile == "" {
		return nil, errors.New("the link needs a URL and a token file")
	}
	if cfg.OnLink == nil {
		cfg.OnLink = func(bool) {}
	}
	p := &Publisher{
		cfg: cfg, log: log, more: make(chan struct{}, 1),
		dropped: set.NewCounter("taskctl_link_events_dropped_total"),
		sent:    set.NewCounter("taskctl_link_events_sent_total"),
	}
	set.NewGauge("taskctl_link_up", func() float64 {
		if p.Connected() {
			return 1
		}
		return 0
	})
	return p, nil
}

// Connected reports whether wsserver is notified by the link now.
func (p *Publisher) Connected() bool { return p.up.Load() }

// Publish notifies the receiver, which then reads the log. It never blocks. While the
// link is down it only counts, because the receiver reads the log when a link comes up.
func (p *Publisher) Publish(_ string, events []task.Event) {
	if !p.up.Load() {
		p.dropped.Add(len(events))
		return
	}
	p.pending.Add(int64(len(events)))
	p.sent.Add(len(events))
	p.wake()
}

// wake makes serve send a notice. It never blocks.
func (p *Publisher) wake() {
	select {
	case p.more <- struct{}{}:
	default:
	}
}

// Run keeps the link up until ctx ends; then it sends a last notice, waits until the
// receiver has read it, and returns nil.
func (p *Publisher) Run(ctx context.Context) error {
	lastCause := ""
	for delay := minReconnectDelay; ; delay = min(2*delay, maxReconnectDelay) {
		conn, err := p.cfg.connect(ctx)
		if err == nil {
			lastCause, delay = "", minReconnectDelay
			err = p.serve(ctx, conn)
		}
		if ctx.Err() != nil {
			return nil
		}
		if cause := err.Error(); cause != lastCause {
			lastCause = cause
			p.log.Info("no link to the notification server", "url", p.cfg.URL, "cause", cause)
		}
		select {
		case <-time.After(delay):
		case <-ctx.Done():
			return nil
		}
	}
}

// connect opens a connection on which both ends have proved that they know the token.
func (c Config) connect(ctx context.Context) (*websocket.Conn, error) {
	token, err := access.SecretFile(c.TokenFile)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	h := handshake{token: token, publisherNonce: newNonce()}
	dialer := websocket.Dialer{NetDialContext: listen.Dialer{}.DialContext, TLSClientConfig: c.TLS, ReadBufferSize: 512, WriteBufferSize: 512}
	conn, res, err := dialer.DialContext(ctx, c.URL, http.Header{nonceHeader: {h.publisherNonce}})
	if err != nil {
		if res != nil {
			return nil, fmt.Errorf("the notification server refused the link: %s", res.Status)
		}
		return nil, fmt.Errorf("connect the link: %w", err)
	}
	h.receiverNonce = res.Header.Get(nonceHeader)
	if !validNonce(h.receiverNonce) || !h.verify(receiverRole, res.Header.Get(proofHeader)) {
		_ = conn.Close()
		return nil, errors.New("the server at this address does not know the link token: it is another system's, or no taskctl")
	}
	if err := send(conn, websocket.TextMessage, []byte(h.proof(publisherRole))); err != nil {
		_ = conn.Close()
		return nil, err
	}
	return conn, nil
}

// serve sends notices on one connection until it breaks or ctx ends.
func (p *Publisher) serve(ctx context.Context, conn *websocket.Conn) error {
	defer func() { _ = conn.Close() }() // the close frames were exchanged before
	p.up.Store(true)
	p.wake() // for commits while the link was down
	p.cfg.OnLink(true)
	p.log.Info("linked to the notification server", "url", p.cfg.URL)
	defer func() {
		p.up.Store(false)
		if ctx.Err() == nil {
			p.cfg.OnLink(false)
		}
	}()

	broken := readControl(conn)
	more := p.more
	var coalesced <-chan time.Time
	for {
		select {
		case <-more:
			events := p.pending.Swap(0)
			if err := send(conn, websocket.BinaryMessage, nil); err != nil {
				return err
			}
			if events >= busyEvents {
				more, coalesced = nil, time.After(coalesceDelay)
			}
		case <-coalesced:
			more, coalesced = p.more, nil
		case err := <-broken:
			return fmt.Errorf("the link broke: %w", err)
		case <-ctx.Done():
			return errors.Join(send(conn, websocket.BinaryMessage, nil), closeLink(conn, broken))
		}
	}
}

// Notify sends one notice over a link of its own. It is for a program that has written
// to the store itself and keeps no link.
func Notify(ctx context.Context, cfg Config) error {
	conn, err := cfg.connect(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }() // the close frames were exchanged before
	return errors.Join(send(conn, websocket.BinaryMessage, nil), closeLink(conn, readControl(conn)))
}

// readControl reads pings and the close frame, which are all that a receiver sends,
// until the connection ends. It then sends the error to the channel.
func readControl(conn *websocket.Conn) (broken <-chan error) {
	ended := make(chan error, 1)
	go func() {
		for {
			if _, _, err := conn.NextReader(); err != nil {
				ended <- err
				return
			}
		}
	}()
	return ended
}

func send(conn *websocket.Conn, kind int, message []byte) error {
	_ = conn.SetWriteDeadline(time.Now().Add(writeTimeout)) // fails only if the write fails too
	if err := conn.WriteMessage(kind, message); err != nil {
		return fmt.Errorf("write to the link: %w", err)
	}
	return nil
}

// closeLink sends a close frame and waits for the answer, which comes after the
// receiver has read everything.
func closeLink(conn *websocket.Conn, broken <-chan error) error {
	frame := websocket.FormatCloseMessage(websocket.CloseNormalClosure, "")
	if err := conn.WriteControl(websocket.CloseMessage, frame, time.Now().Add(closeTimeout)); err != nil {
		return err
	}
	select {
	case <-broken: //nolint:errcheck // the error only says that a close frame arrived
	case <-time.After(closeTimeout):
	}
	return nil
}
