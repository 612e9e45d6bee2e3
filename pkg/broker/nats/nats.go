// Package nats sends notices through a NATS server.
package nats

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go"

	"taskctl/pkg/broker/notice"
)

const (
	// connectTimeout bounds a connection and its handshake.
	connectTimeout = 3 * time.Second
	// pingInterval is how often a silent server is pinged.
	pingInterval = 2 * time.Second
)

// Broker sends and receives on one subject.
type Broker struct {
	URL     string // nats://[user:password@]host:port, or tls://
	Subject string
	CAFile  string // the certificate authorities for tls://; empty: those of the machine
}

var _ notice.Broker = Broker{}

// Sender implements notice.Broker.
func (b Broker) Sender(ctx context.Context) (notice.Sender, error) { return b.connect(ctx) }

// Receiver implements notice.Broker.
func (b Broker) Receiver(ctx context.Context) (notice.Receiver, error) {
	s, err := b.connect(ctx)
	if err != nil {
		return nil, err
	}
	sub, err := s.conn.SubscribeSync(b.Subject)
	if err != nil {
		s.Close()
		return nil, fmt.Errorf("subscribe to %s: %w", b.Subject, err)
	}
	return &receiver{s, sub}, nil
}

// connect opens a connection that does not reconnect by itself: its callers reconnect,
// and then the log is read.
func (b Broker) connect(context.Context) (*sender, error) {
	s := &sender{subject: b.Subject, closed: make(chan struct{})}
	options := []nats.Option{
		nats.Name("taskctl"), nats.NoReconnect(), nats.Timeout(connectTimeout), nats.PingInterval(pingInterval), nats.MaxPingsOutstanding(1),
		nats.ClosedHandler(func(*nats.Conn) { close(s.closed) }),
	}
	trust, err := notice.Trust(b.CAFile)
	if err != nil {
		return nil, b.problem(err)
	}
	if trust != nil {
		options = append(options, nats.Secure(trust))
	}
	conn, err := nats.Connect(b.URL, options...)
	switch {
	case errors.Is(err, nats.ErrAuthorization):
		return nil, b.problem(fmt.Errorf("%w: %w", notice.ErrLogin, err))
	case errors.Is(err, nats.ErrSecureConnWanted):
		return nil, b.problem(fmt.Errorf("%w: %w", notice.ErrPlain, err))
	case err != nil:
		return nil, b.problem(err)
	}
	s.conn = conn
	return s, nil
}

func (b Broker) problem(err error) error {
	return &notice.ServerError{Kind: "NATS", URL: b.URL, Err: err}
}

// sender is a connection that publishes.
type sender struct {
	conn    *nats.Conn
	subject string
	closed  chan struct{}
}

func (s *sender) Send(ctx context.Context, payload string) error {
	if err := s.conn.Publish(s.subject, []byte(payload)); err != nil {
		return fmt.Errorf("publish: %w", err)
	}
	if err := s.conn.FlushWithContext(ctx); err != nil {
		return fmt.Errorf("publish: %w", err)
	}
	return nil
}

func (s *sender) Wait(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return nil
	case <-s.closed:
		return s.lost()
	}
}

// lost returns why the connection ended.
func (s *sender) lost() error {
	if err := s.conn.LastError(); err != nil {
		return fmt.Errorf("connection to NATS lost: %w", err)
	}
	return errors.New("connection to NATS lost")
}

func (s *sender) Close() {
	s.conn.Close()
	<-s.closed // wait for its goroutine
}

// receiver is a connection that is subscribed.
type receiver struct {
	*sender
	sub *nats.Subscription
}

func (r *receiver) Receive(ctx context.Context) (string, error) {
	message, err := r.sub.NextMsgWithContext(ctx)
	switch {
	case err == nil:
		return string(message.Data), nil
	case ctx.Err() != nil:
		return "", ctx.Err()
	case errors.Is(err, nats.ErrConnectionClosed):
		return "", r.lost()
	}
	return "", fmt.Errorf("receive: %w", err) // also after dropped messages, so that the caller reconnects and reads the log
}
