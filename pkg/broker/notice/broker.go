package notice

import (
	"context"
	"time"

	"taskctl/pkg/backoff"
)

// Broker connects to a server that delivers every payload to all connected receivers.
type Broker interface {
	// Sender connects to send.
	Sender(ctx context.Context) (Sender, error)
	// Receiver connects to receive. It can also send, to check that payloads arrive.
	Receiver(ctx context.Context) (Receiver, error)
}

// Sender is a connection to send on. Its methods are called one at a time.
type Sender interface {
	// Send returns nil when the server has the payload.
	Send(ctx context.Context, payload string) error
	// Wait returns nil when ctx ends, and an error when the connection ends.
	Wait(ctx context.Context) error
	Close()
}

// Receiver is a connection to receive on. Its methods are called one at a time.
type Receiver interface {
	// Send is as in Sender.
	Send(ctx context.Context, payload string) error
	// Receive waits for a payload. It returns ctx's error when ctx ends, after which
	// it can be called again, and another error when the connection ends.
	Receive(ctx context.Context) (payload string, err error)
	Close()
}

// Config is the configuration of both ends.
type Config struct {
	Broker Broker
	// System returns a name of the log's database. It is called for each connection.
	System func(ctx context.Context) (string, error)
}

const (
	// sendTimeout bounds one payload, and connectTimeout a connection.
	sendTimeout    = 3 * time.Second
	connectTimeout = 5 * time.Second
	// maxSilence is how long the receiver waits for any payload before it sends one to
	// itself, and probeTimeout how long that one may take.
	maxSilence   = 5 * time.Second
	probeTimeout = 2 * time.Second
)

// betweenAttempts is the pause between attempts to connect.
func betweenAttempts() backoff.Policy {
	return backoff.Policy{Min: 20 * time.Millisecond, Max: 400 * time.Millisecond}
}
