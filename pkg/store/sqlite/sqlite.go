// Package sqlite keeps tasks and their log in one SQLite file. One goroutine
// owns the write connection and commits what is queued as one transaction, synced
// to disk; reads have connections of their own. Several processes may have the
// file open, and write it, at once.
//
// It does not validate what is written: its callers have.
package sqlite

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"sync"
	"time"

	"github.com/taskctl/taskctl/pkg/task"
)

// Options of Open. Only Path has no default.
type Options struct {
	Path      string         // of the database file; created with its directory where missing
	ReadOnly  bool           // never writes tasks; Write returns ErrUnavailable
	QueueSize int            // writes waiting for a commit before ErrUnavailable; 4096
	Readers   int            // connections for reading; 4
	Retention Retention      // of the event log
	Publisher task.Publisher // is handed every event after its commit; nil: none

	// OnCommit is told the size of each batch and the time from its begin to its
	// end, synced. It is called on the writer's goroutine. nil: nobody.
	OnCommit func(writes int, took time.Duration)

	Now    func() time.Time // time.Now
	Logger *slog.Logger     // discards
}

// Retention bounds the event log. The last event is always kept.
type Retention struct {
	MaxAge    time.Duration // 0: 7 days
	MaxEvents int           // 0: 1,000,000
}

// Store is a task.Store over one SQLite file.
type Store struct {
	readers *pool
	writer  *writer  // nil where read-only
	indexer *indexer // nil where read-only, or without an index

	closing chan struct{}
	close   func() error
}

var _ task.Store = (*Store)(nil)

// Open opens the database, creating or migrating it first; it does so also for
// ReadOnly, so that an epoch exists from the first moment, whoever comes first.
// A file that cannot be used is left as it is: see *FileError.
func Open(ctx context.Context, o Options) (*Store, error) {
	path, err := filepath.Abs(o.Path)
	if err != nil {
		return nil, fmt.Errorf("open database: %w", err)
	}
	o.Path = path
	if o.QueueSize == 0 {
		o.QueueSize = 4096
	}
	if o.Readers == 0 {
		o.Readers = 4
	}
	if o.Retention.MaxAge == 0 {
		o.Retention.MaxAge = 7 * 24 * time.Hour
	}
	if o.Retention.MaxEvents == 0 {
		o.Retention.MaxEvents = 1_000_000
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if !o.ReadOnly {
		if err := limitCaches(cacheLimit); err != nil {
			return nil, fmt.Errorf("open database: %w", err)
		}
	}
	if err := ensure(ctx, path); err != nil {
		return nil, err
	}
	s := &Store{closing: make(chan struct{})}
	s.close = sync.OnceValue(s.shut)
	if err := s.open(ctx, o); err != nil {
		return nil, fileError(path, errors.Join(err, s.Close()))
	}
	return s, nil
}

// open opens what the store consists of and starts it when all is there.
func (s *Store) open(ctx context.Context, o Options) (err error) {
	if o.ReadOnly {
		s.readers, err = openPool(ctx, o, "", s.closing)
		return err
	}
	if err := s.openIndexed(ctx, o); err != nil {
		o.Logger.Warn("searching without an index", slog.Any("error", err))
		if s.readers, err = openPool(ctx, o, "", s.closing); err != nil {
			return err
		}
	}
	committed := func(int) {}
	if s.indexer != nil {
		committed = s.indexer.committed
		go s.indexer.run()
	}
	writer, err := openWriter(ctx, o, s.closing, committed)
	if err != nil {
		return err
	}
	s.writer = writer
	go s.writer.run()
	return nil
}

// openIndexed opens the readers and the indexer, over an index that is made
// anew where it cannot be used.
func (s *Store) openIndexed(ctx context.Context, o Options) error {
	index := indexPath(o.Path)
	if err := createIndex(ctx, index); err != nil {
		return err
	}
	readers, err := openPool(ctx, o, index, s.closing)
	if err != nil {
		return err
	}
	indexer, err := openIndexer(ctx, index, o.Logger, readers)
	if err != nil {
		return errors.Join(err, readers.close())
	}
	s.readers, s.indexer = readers, indexer
	return nil
}

// Close implements task.Store. The writes that were accepted are committed.
func (s *Store) Close() error { return s.close() }

func (s *Store) shut() error {
	close(s.closing)
	var errs []error
	if s.writer != nil {
		errs = append(errs, s.writer.close())
	}
	if s.indexer != nil {
		errs = append(errs, s.indexer.close())
	}
	if s.readers != nil {
		errs = append(errs, s.readers.close())
		if s.readers.indexDamaged.Load() { // the next to open makes it again
			errs = append(errs, removeIndex(s.readers.index))
		}
	}
	return errors.Join(errs...)
}

// Queued returns the number of writes that wait for a commit.
func (s *Store) Queued() int {
	if s.writer == nil {
		return 0
	}
	return len(s.writer.queue)
}

// Write implements task.Store.
func (s *Store) Write(ctx context.Context, c task.Change) (task.Result, error) {
	if s.writer == nil {
		return task.Result{}, fmt.Errorf("write to a store opened for reading: %w", task.ErrUnavailable)
	}
	return s.writer.write(ctx, c)
}

var errClosed = fmt.Errorf("store closed: %w", task.ErrUnavailable)

func closed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}
