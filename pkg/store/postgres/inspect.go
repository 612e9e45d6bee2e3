package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Report describes a database.
type Report struct {
	Server            string // host:port/database
	Version           string
	Schema            int // number of migrations; 0: the schema does not exist yet
	Seq               uint64
	FsyncOff          bool
	SynchronousCommit string        // the value for this user, before the store turns it on
	ClockDifference   time.Duration // how far this machine's clock is ahead of the database's
	SearchIndex       bool
}

// Inspect reports on the database without changing it. The error is a *ServerError if
// the database cannot be used.
func Inspect(ctx context.Context, o Options) (Report, error) {
	o = o.withDefaults()
	connector, err := newConnector(o)
	if err != nil {
		return Report{}, err
	}
	c, err := connector.connectFirst(ctx)
	if err != nil {
		return Report{}, err
	}
	r := Report{Server: connector.name(), FsyncOff: c.server.fsyncOff}
	err = r.inspect(c, o)
	if err != nil {
		err = connector.serverError(err)
	}
	return r, errors.Join(err, c.close())
}

func (r *Report) inspect(c *conn, o Options) error {
	scripts, err := migrations()
	if err != nil {
		return err
	}
	if r.Version, err = c.value(`SELECT current_setting('server_version')`); err != nil {
		return err
	}
	// The value that the server uses for other programs.
	if r.SynchronousCommit, err = c.value(`SELECT reset_val FROM pg_settings WHERE name = 'synchronous_commit'`); err != nil {
		return err
	}
	asked := time.Now()
	clock, err := c.value(`SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint`)
	if err != nil {
		return err
	}
	var ms int64
	if _, err := fmt.Sscan(clock, &ms); err != nil {
		return fmt.Errorf("read the server's clock: %w", err)
	}
	r.ClockDifference = asked.Add(time.Since(asked) / 2).Sub(time.UnixMilli(ms))
	if r.Schema, err = schemaVersion(c, o.Schema); err != nil || r.Schema == 0 {
		return err
	}
	if r.Schema > len(scripts) {
		return &ServerError{Problem: Newer}
	}
	if err := c.checkRights(o); err != nil {
		return err
	}
	trigrams, err := findTrigrams(c, o.Schema)
	r.SearchIndex = trigrams.there
	if err != nil {
		return err
	}
	return c.do(newStatements(o.Schema).head.reading(func(row row) error { r.Seq = uint64(row.int(0)); return nil }))
}
