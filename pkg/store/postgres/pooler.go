package postgres

import (
	"context"
	"errors"
	"fmt"
)

// connectFirst is connect, and refuses a pooler that changes the session between
// transactions: settings of the session, which keep commits synced, would apply to
// other clients, and prepared statements and LISTEN would be lost.
func (c *connector) connectFirst(ctx context.Context) (*conn, error) {
	first, err := c.connect(ctx)
	if err != nil || !first.pooled {
		return first, err
	}
	err = c.checkSession(ctx, first)
	if err != nil {
		return nil, errors.Join(c.serverError(err), first.close())
	}
	return first, nil
}

// sessionChecks is how often two connections are compared. Between the questions of one
// pair, another client may take the session from the pool.
const sessionChecks = 3

// checkSession opens a second connection. In the pooler's session mode both keep a
// session of their own; otherwise the second gets the one that the first has just
// returned.
func (c *connector) checkSession(ctx context.Context, first *conn) (err error) {
	second, err := c.connect(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, second.close()) }()
	for range sessionChecks {
		var pids [2]string
		for i, each := range []*conn{first, second} {
			if pids[i], err = each.value("SELECT pg_backend_pid()"); err != nil {
				return fmt.Errorf("session of the pooler: %w", err)
			}
		}
		if pids[0] == pids[1] {
			return &ServerError{Problem: Pooler}
		}
	}
	return nil
}
