// Package postgres keeps tasks and their log in a PostgreSQL database that any number
// of machines share. Each process that writes has one goroutine and one connection for
// it, and commits what is queued as one transaction; reads have a pool of connections.
// The order of writes is that of PostgreSQL's transactions only: correctness does not
// depend on a clock, a leader or a broker.
//
// It does not validate values; callers do that.
package postgres

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"taskctl/pkg/store/writequeue"
	"taskctl/pkg/task"
)

// The defaults of [Options], which are the defaults of the settings too.
const (
	DefaultSchema           = "taskctl"
	DefaultPoolSize         = 8
	DefaultConnectTimeout   = 2 * time.Second
	DefaultStatementTimeout = 5 * time.Second
	DefaultMaxAge           = 7 * 24 * time.Hour
	DefaultMaxEvents        = 1_000_000
)

// Options of Open. URL has no default.
type Options struct {
	URL          string // in the format of libpq
	PasswordFile string // read for every connection; empty: the URL has the password, or none is needed
	Schema       string // of the store's tables, created if missing; DefaultSchema

	PoolSize         int           // connections for reading; DefaultPoolSize
	ConnectTimeout   time.Duration // for each host; DefaultConnectTimeout
	StatementTimeout time.Duration // for each round trip; DefaultStatementTimeout

	// LosslessFailover says that a promoted replica always has every commit, so the
	// epoch stays after a failover.
	LosslessFailover bool

	ReadOnly  bool           // never writes tasks; Write returns ErrUnavailable
	QueueSize int            // writes waiting for a commit before ErrUnavailable; 4096
	Retention Retention      // of the event log
	Publisher task.Publisher // gets the events of each commit; nil: none

	// OnCommit is called after each commit, in the writer's goroutine, with the size of
	// the batch and the duration of the transaction including its sync. nil: none.
	OnCommit func(writes int, took time.Duration)
	// OnWaiting makes Open wait for the server until its context ends. It is called
	// with the reason whenever that changes. nil: Open does not wait.
	OnWaiting func(*ServerError)

	Now    func() time.Time // time.Now
	Logger *slog.Logger     // discards
}

// Retention bounds the event log. The last event is always kept.
type Retention struct {
	MaxAge    time.Duration // 0: DefaultMaxAge
	MaxEvents int           // 0: DefaultMaxEvents
}

func (o Options) withDefaults() Options {
	o.Schema = cmp.Or(o.Schema, DefaultSchema)
	o.PoolSize = cmp.Or(o.PoolSize, DefaultPoolSize)
	o.ConnectTimeout = cmp.Or(o.ConnectTimeout, DefaultConnectTimeout)
	o.StatementTimeout = cmp.Or(o.StatementTimeout, DefaultStatementTimeout)
	o.QueueSize = cmp.Or(o.QueueSize, 4096)
	o.Retention.MaxAge = cmp.Or(o.Retention.MaxAge, DefaultMaxAge)
	o.Retention.MaxEvents = cmp.Or(o.Retention.MaxEvents, DefaultMaxEvents)
	if o.Now == nil {
		o.Now = time.Now
	}
	o.Logger = cmp.Or(o.Logger, slog.New(slog.DiscardHandler))
	return o
}

// Store is a task.Store over one schema of a PostgreSQL database.
type Store struct {
	connector *connector
	sql       *statements
	readers   *pool
	writer    *writer      // nil if read-only
	tidy      *maintenance // nil if read-only
	trigrams  trigrams

	close func() error
}

var (
	_ task.Store        = (*Store)(nil)
	_ task.WriteChecker = (*Store)(nil)
)

// Open connects, and creates or migrates the schema if necessary. It does so even with
// ReadOnly, so that the epoch exists whichever process connects first. The error is a
// *ServerError, or that of ctx.
func Open(ctx context.Context, o Options) (*Store, error) {
	o = o.withDefaults()
	connector, err := newConnector(o)
	if err != nil {
		return nil, err
	}
	s := &Store{connector: connector, sql: newStatements(o.Schema), readers: newPool(connector, o.PoolSize)}
	if !o.ReadOnly {
		s.tidy = newMaintenance(s.readers, s.sql, o)
		s.writer = newWriter(connector, s.sql, s.tidy.written)
	}
	s.close = sync.OnceValue(s.shut)
	if err := connector.await(ctx, s.prepare); err != nil {
		return nil, err
	}
	if s.writer != nil {
		go s.writer.run()
		go s.tidy.run()
	}
	return s, nil
}

// prepare prepares the database for the store, and keeps the connection.
func (s *Store) prepare(ctx context.Context) error {
	c, err := s.connector.connectFirst(ctx)
	if err != nil {
		return err
	}
	if c.server.fsyncOff {
		s.connector.options.Logger.Warn("the server does not sync commits (fsync=off)", slog.String("server", s.connector.name()))
	}
	if err := s.prepareOn(c); err != nil {
		return errors.Join(s.connector.serverError(err), c.close())
	}
	if s.writer != nil {
		s.writer.begin(c)
	} else {
		s.readers.release(c)
	}
	return nil
}

func (s *Store) prepareOn(c *conn) (err error) {
	o := s.connector.options
	if err := ensure(c, o); err != nil {
		return err
	}
	if s.trigrams, err = findTrigrams(c, o.Schema); err != nil || s.writer == nil {
		return err
	}
	if err := c.identify(o.Schema); err != nil { // again, because the table may be new
		return err
	}
	return s.writer.settleEpoch(c)
}

// Close implements task.Store. Accepted writes are committed first.
func (s *Store) Close() error { return s.close() }

func (s *Store) shut() error {
	if s.writer != nil {
		s.writer.close()
		s.tidy.close()
	}
	s.readers.close()
	return nil
}

// Write implements task.Store.
func (s *Store) Write(ctx context.Context, c task.Change) (task.Result, error) {
	if s.writer == nil {
		return task.Result{}, errReadOnly
	}
	return s.writer.write(ctx, c)
}

// CheckWrite implements task.WriteChecker.
func (s *Store) CheckWrite(context.Context) error {
	if s.writer != nil && s.writer.away.Load() {
		return errAway
	}
	return nil
}

// Queued returns the number of writes that wait for a commit.
func (s *Store) Queued() int {
	if s.writer == nil {
		return 0
	}
	return s.writer.queue.Len()
}

// Stats are the counters and gauges of the store, for metrics.
type Stats struct {
	RoundTrips int64 // since it was opened
	PoolSize   int
	PoolOpen   int   // open connections for reading
	PoolInUse  int   // of these, in use
	PoolWaits  int64 // readers that had to wait for a connection, since it was opened
	WriterUp   bool  // the writer has a connection
}

// Stats returns the present values.
func (s *Store) Stats() Stats {
	return Stats{
		RoundTrips: s.connector.trips.get(),
		PoolSize:   cap(s.readers.slots), PoolOpen: s.readers.open(), PoolInUse: s.readers.inUse(),
		PoolWaits: s.readers.waits.get(), WriterUp: s.writer != nil && !s.writer.away.Load(),
	}
}

// Connect opens a separate connection to the store's database, for a broker. notified,
// if not nil, is called with the payload of every notification.
func (s *Store) Connect(ctx context.Context, notified func(payload string)) (*pgconn.PgConn, error) {
	c, err := s.connector.connectNotified(ctx, notified)
	if err != nil {
		return nil, err
	}
	return c.pg, c.pg.Conn().SetDeadline(time.Time{})
}

// Server names the database: host:port/name.
func (s *Store) Server() string { return s.connector.name() }

var errClosed = writequeue.ErrClosed
