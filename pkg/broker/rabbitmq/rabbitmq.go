// Package rabbitmq sends notices through a fanout exchange of RabbitMQ, with one
// exclusive queue per receiver.
package rabbitmq

import (
	"context"
	"errors"
	"fmt"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"

	"taskctl/pkg/broker/notice"
)

const (
	// dialTimeout bounds a connection and its handshake.
	dialTimeout = 3 * time.Second
	// heartbeat is the interval of AMQP heartbeats.
	heartbeat = 2 * time.Second
	// maxQueueLength bounds the notices that wait in the server for a slow receiver.
	// The server drops the oldest, which is harmless, because the newest makes the
	// receiver read all events.
	maxQueueLength = 64
)

// Broker sends to and receives from one exchange.
type Broker struct {
	URL      string // amqp://[user:password@]host:port[/virtual host], or amqps://
	Exchange string
	CAFile   string // the certificate authorities for amqps://; empty: those of the machine
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
	deliveries, err := s.subscribe()
	if err != nil {
		s.Close()
		return nil, fmt.Errorf("subscribe to %s: %w", b.Exchange, err)
	}
	return &receiver{s, deliveries}, nil
}

func (b Broker) connect(ctx context.Context) (*sender, error) {
	trust, err := notice.Trust(b.CAFile)
	if err != nil {
		return nil, b.problem(err)
	}
	conn, err := amqp.DialConfig(b.URL, amqp.Config{
		Heartbeat: heartbeat, TLSClientConfig: trust, Locale: "en_US",
		Dial:       amqp.DefaultDial(dialTimeout),
		Properties: amqp.Table{"connection_name": "taskctl", "product": "taskctl"},
	})
	if err != nil {
		return nil, b.problem(err)
	}
	s := &sender{conn: conn, exchange: b.Exchange, ended: conn.NotifyClose(make(chan *amqp.Error, 1))}
	if err := s.open(); err != nil {
		s.Close()
		return nil, fmt.Errorf("open exchange %s: %w", b.Exchange, err)
	}
	return s, ctx.Err()
}

// problem marks the answers of a server that refuses the user, or that expects TLS.
func (b Broker) problem(err error) error {
	var refused *amqp.Error
	if errors.As(err, &refused) {
		switch refused.Code {
		case amqp.AccessRefused:
			err = fmt.Errorf("%w: %w", notice.ErrLogin, err)
		case amqp.FrameError: // an alert of TLS, read as a frame
			err = fmt.Errorf("%w: %w", notice.ErrMute, err)
		}
	}
	return &notice.ServerError{Kind: "RabbitMQ", URL: b.URL, Err: err}
}

// sender is a connection with a channel whose messages the server confirms.
type sender struct {
	conn          *amqp.Connection
	channel       *amqp.Channel
	exchange      string
	ended         chan *amqp.Error
	channelClosed chan *amqp.Error
}

// open declares the exchange, which disappears with its last queue.
func (s *sender) open() (err error) {
	if s.channel, err = s.conn.Channel(); err != nil {
		return err
	}
	s.channelClosed = s.channel.NotifyClose(make(chan *amqp.Error, 1))
	if err := s.channel.ExchangeDeclare(s.exchange, amqp.ExchangeFanout, false, false, false, false, nil); err != nil {
		return err
	}
	return s.channel.Confirm(false)
}

func (s *sender) subscribe() (<-chan amqp.Delivery, error) {
	limits := amqp.Table{"x-max-length": int32(maxQueueLength), "x-overflow": "drop-head"}
	queue, err := s.channel.QueueDeclare("", false, true, true, false, limits)
	if err != nil {
		return nil, err
	}
	if err := s.channel.QueueBind(queue.Name, "", s.exchange, false, nil); err != nil {
		return nil, err
	}
	return s.channel.Consume(queue.Name, "", true, true, false, false, nil)
}

func (s *sender) Send(ctx context.Context, payload string) error {
	confirmed, err := s.channel.PublishWithDeferredConfirmWithContext(ctx, s.exchange, "", false, false, amqp.Publishing{Body: []byte(payload)})
	if err != nil {
		return fmt.Errorf("publish: %w", err)
	}
	if _, err := confirmed.WaitContext(ctx); err != nil {
		return fmt.Errorf("publish: %w", err)
	}
	return nil
}

func (s *sender) Wait(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return nil
	case err := <-s.ended:
		return lost(err)
	case err := <-s.channelClosed:
		return lost(err)
	}
}

func lost(err *amqp.Error) error {
	if err == nil {
		return errors.New("connection to RabbitMQ lost")
	}
	return fmt.Errorf("connection to RabbitMQ lost: %w", err)
}

func (s *sender) Close() {
	_ = s.conn.CloseDeadline(time.Now().Add(time.Second)) // every message has been confirmed
}

// receiver is a connection with a queue of its own.
type receiver struct {
	*sender
	deliveries <-chan amqp.Delivery
}

func (r *receiver) Receive(ctx context.Context) (string, error) {
	select {
	case delivery, open := <-r.deliveries:
		if !open { // the queue was deleted, or the connection ended
			return "", lost(nil)
		}
		return string(delivery.Body), nil
	case <-ctx.Done():
		return "", ctx.Err()
	}
}
