// Package redis sends notices with PUBLISH and SUBSCRIBE of Redis.
package redis

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/redis/rueidis"

	"taskctl/pkg/broker/notice"
)

const (
	// dialTimeout bounds a connection.
	dialTimeout = 3 * time.Second
	// pingInterval is how often a silent server is pinged.
	pingInterval = 2 * time.Second
	// receiveQueue is how many notices may wait. More are not needed, because one
	// notice makes the receiver read all events.
	receiveQueue = 64
)

// Broker sends and receives on one channel.
type Broker struct {
	URL     string // redis://[user:password@]host:port[/database], or rediss://
	Channel string
	CAFile  string // the certificate authorities for rediss://; empty: those of the machine
}

var _ notice.Broker = Broker{}

// Sender implements notice.Broker.
func (b Broker) Sender(ctx context.Context) (notice.Sender, error) { return b.connect(ctx, nil) }

// Receiver implements notice.Broker. Notices are dropped while the queue is full,
// because those in the queue make the receiver read the log anyway.
func (b Broker) Receiver(ctx context.Context) (notice.Receiver, error) {
	r := &receiver{arrived: make(chan string, receiveQueue)}
	s, err := b.connect(ctx, func(m rueidis.PubSubMessage) {
		select {
		case r.arrived <- m.Message:
		default:
		}
	})
	if err != nil {
		return nil, err
	}
	r.sender = s
	if err := s.conn.Do(ctx, s.conn.B().Subscribe().Channel(b.Channel).Build()).Error(); err != nil {
		s.Close()
		return nil, fmt.Errorf("subscribe to %s: %w", b.Channel, err)
	}
	return r, nil
}

// connect opens a client that does not reconnect by itself: its callers reconnect, and
// then the log is read.
func (b Broker) connect(ctx context.Context, onMessage func(rueidis.PubSubMessage)) (*sender, error) {
	option, err := rueidis.ParseURL(b.URL)
	if err != nil {
		return nil, b.problem(err)
	}
	trust, err := notice.Trust(b.CAFile)
	if err != nil {
		return nil, b.problem(err)
	}
	if trust != nil && option.TLSConfig != nil {
		option.TLSConfig.RootCAs = trust.RootCAs
	}
	option.ClientName, option.DisableRetry, option.DisableCache, option.ForceSingleClient = "taskctl", true, true, true
	option.Dialer.Timeout, option.Dialer.KeepAlive = dialTimeout, pingInterval
	option.ConnWriteTimeout = dialTimeout
	option.PipelineMultiplex = -1
	client, err := rueidis.NewClient(option)
	if err != nil {
		return nil, b.problem(err)
	}
	if onMessage == nil {
		onMessage = func(rueidis.PubSubMessage) {}
	}
	conn, release := client.Dedicate()
	s := &sender{client: client, conn: conn, release: release, channel: b.Channel}
	s.ended = conn.SetPubSubHooks(rueidis.PubSubHooks{OnMessage: onMessage})
	if err := client.Do(ctx, client.B().Ping().Build()).Error(); err != nil {
		s.Close()
		return nil, b.problem(err)
	}
	return s, nil
}

// problem marks the answers of a server that refuses the user.
func (b Broker) problem(err error) error {
	answer, ok := rueidis.IsRedisErr(err)
	if ok && (strings.HasPrefix(answer.Error(), "WRONGPASS") || strings.HasPrefix(answer.Error(), "NOAUTH")) {
		err = fmt.Errorf("%w: %w", notice.ErrLogin, err)
	}
	return &notice.ServerError{Kind: "Redis", URL: b.URL, Err: err}
}

// sender publishes on one connection and waits for the end of another, because with the
// older protocol of Redis a subscribed connection cannot publish.
type sender struct {
	client  rueidis.Client
	conn    rueidis.DedicatedClient
	release func()
	ended   <-chan error
	channel string
}

func (s *sender) Send(ctx context.Context, payload string) error {
	err := s.client.Do(ctx, s.client.B().Publish().Channel(s.channel).Message(payload).Build()).Error()
	if err != nil {
		return fmt.Errorf("publish: %w", err)
	}
	return nil
}

// Wait pings the server, because a connection without subscriptions does not report its
// end.
func (s *sender) Wait(ctx context.Context) error {
	tick := time.NewTicker(pingInterval)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case err := <-s.ended:
			return lost(err)
		case <-tick.C:
			ping, cancel := context.WithTimeout(ctx, dialTimeout)
			err := s.client.Do(ping, s.client.B().Ping().Build()).Error()
			cancel()
			if err != nil && ctx.Err() == nil {
				return lost(err)
			}
		}
	}
}

func lost(err error) error {
	if err == nil {
		return fmt.Errorf("connection to Redis lost")
	}
	return fmt.Errorf("connection to Redis lost: %w", err)
}

func (s *sender) Close() {
	s.conn.Close()
	s.release()
	s.client.Close()
}

// receiver is a sender whose second connection is subscribed.
type receiver struct {
	*sender
	arrived chan string
}

func (r *receiver) Receive(ctx context.Context) (string, error) {
	select {
	case payload := <-r.arrived:
		return payload, nil
	case err := <-r.ended:
		return "", lost(err)
	case <-ctx.Done():
		return "", ctx.Err()
	}
}
