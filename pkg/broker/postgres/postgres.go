// Package postgres sends notices with NOTIFY and LISTEN of PostgreSQL, so that several
// machines need no other server.
package postgres

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"taskctl/pkg/broker/notice"
)

// closeTimeout bounds the end of a connection.
const closeTimeout = time.Second

// Connect opens a connection to the store's database. notified, if not nil, is called
// with the payload of every notification, during a call of a method of the connection.
type Connect func(ctx context.Context, notified func(payload string)) (*pgconn.PgConn, error)

// Broker sends and receives on one channel of a database.
type Broker struct {
	Connect Connect
	Channel string
}

var _ notice.Broker = Broker{}

// Sender implements notice.Broker.
func (b Broker) Sender(ctx context.Context) (notice.Sender, error) {
	conn, err := b.Connect(ctx, nil)
	if err != nil {
		return nil, err
	}
	s := &sender{conn, b.Channel}
	// A lost notification is harmless, so none needs to wait for a sync.
	if err := conn.Exec(ctx, "SET synchronous_commit = off").Close(); err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

// Receiver implements notice.Broker.
func (b Broker) Receiver(ctx context.Context) (notice.Receiver, error) {
	r := &receiver{}
	conn, err := b.Connect(ctx, func(payload string) { r.arrived = append(r.arrived, payload) })
	if err != nil {
		return nil, err
	}
	r.sender = sender{conn, b.Channel}
	channel := `"` + strings.ReplaceAll(b.Channel, `"`, `""`) + `"`
	if err := conn.Exec(ctx, "LISTEN "+channel).Close(); err != nil {
		r.Close()
		return nil, err
	}
	return r, nil
}

// sender is a connection that notifies.
type sender struct {
	conn    *pgconn.PgConn
	channel string
}

func (s *sender) Send(ctx context.Context, payload string) error {
	values := [][]byte{[]byte(s.channel), []byte(payload)}
	_, err := s.conn.ExecParams(ctx, "SELECT pg_notify($1::text, $2::text)", values, nil, nil, nil).Close()
	if err != nil {
		return fmt.Errorf("notify: %w", err)
	}
	return nil
}

// Wait reads from the connection, on which nothing arrives, to notice its end.
func (s *sender) Wait(ctx context.Context) error {
	err := s.conn.WaitForNotification(ctx)
	if ctx.Err() != nil && !s.conn.IsClosed() {
		return nil
	}
	return err
}

func (s *sender) Close() {
	ctx, cancel := context.WithTimeout(context.Background(), closeTimeout)
	defer cancel()
	_ = s.conn.Close(ctx) // every notification has been answered
}

// receiver is a connection that listens.
type receiver struct {
	sender
	arrived []string // notifications that came with an answer
}

func (r *receiver) Receive(ctx context.Context) (string, error) {
	for len(r.arrived) == 0 {
		if err := r.conn.WaitForNotification(ctx); err != nil {
			if ctx.Err() != nil && !r.conn.IsClosed() {
				return "", ctx.Err()
			}
			return "", err
		}
	}
	payload := r.arrived[0]
	r.arrived = r.arrived[1:]
	return payload, nil
}
