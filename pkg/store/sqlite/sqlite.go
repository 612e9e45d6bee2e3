// Package sqlite stores tasks and their event log in one SQLite file. One goroutine
// owns the write connection and commits all queued writes as one transaction, synced to
// disk; reads have connections of their own. Several processes may read and write the
// file at the same time.
//
// It does not validate values; callers do that.
package sqlite

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"sync"
	"time"

	"taskctl/pkg/task"
)

// Options of Open. Only Path has no default.
type Options struct {
	Path      string         // of the database file; created, with its directory, if missing
	ReadOnly  bool           // never writes tasks; Write returns ErrUnavailable
	QueueSize int            // writes waiting for a commit before ErrUnavailable; 4096
	Retention Retention      // of the event log
	Publisher task.Publisher // gets the events of each commit; nil: none

	// OnCommit is called after each commit, in the writer's goroutine, with the size
	// of the batch and the duration of the transaction including its sync. nil: none.
	OnCommit func(writes int, took time.Duration)

	Now    func() time.Time // time.Now
	Logger *slog.Logger     // discards
}

// The defaults of [Retention], which are the defaults of the settings too.
const (
	DefaultMaxAge    = 7 * 24 * time.Hour
	DefaultMaxEvents = 1_000_000
)

// Retention bounds the event log. The last event is always kept.
type Retention struct {
	MaxAge    time.Duration // 0: DefaultMaxAge
	MaxEvents int           // 0: DefaultMaxEvents
}

// The number of connections for each kind of read, so that an expensive read delays
// only reads of the same kind.
const (
	getReaders    = 2
	pageReaders   = 2
	searchReaders = 1
)

// Store is a task.Store over one SQLite file.
type Store struct {
	gets     *pool      // single tasks, and the bounds of the log
	pages    *pool      // pages of tasks and events
	searches *pool      // the same as pages if read-only
	writer   *writer    // nil if read-only
	indexer  *indexer   // nil if read-only, or without an index
	guard    *fileGuard // of the files

	closing chan struct{}
	close   func() error
}

var (
	_ task.Store        = (*Store)(nil)
	_ task.WriteChecker = (*Store)(nil)
)

func (o Options) withDefaults() Options {
	o.QueueSize = cmp.Or(o.QueueSize, 4096)
	o.Retention.MaxAge = cmp.Or(o.Retention.MaxAge, DefaultMaxAge)
	o.Retention.MaxEvents = cmp.Or(o.Retention.MaxEvents, DefaultMaxEvents)
	if o.Now == nil {
		o.Now = time.Now
	}
	o.Logger = cmp.Or(o.Logger, slog.New(slog.DiscardHandler))
	return o
}

// Open opens the database, and creates or migrates it if necessary. It does so even
// with ReadOnly, so that the epoch exists whichever process opens the database first. A
// file that cannot be used is not changed: see *FileError.
func Open(ctx context.Context, o Options) (*Store, error) {
	path, err := filepath.Abs(o.Path)
	if err != nil {
		return nil, fmt.Errorf("open database: %w", err)
	}
	o = o.withDefaults()
	o.Path = path
	if !o.ReadOnly {
		if err := limitCaches(cacheLimit); err != nil {
			return nil, fmt.Errorf("open database: %w", err)
		}
	}
	if err := ensure(ctx, path, o.Logger); err != nil {
		return nil, err
	}
	s := &Store{closing: make(chan struct{})}
	s.close = sync.OnceValue(s.shut)
	if err := s.open(ctx, o); err != nil {
		return nil, fileError(path, errors.Join(err, s.Close()))
	}
	s.start()
	return s, nil
}

// open opens the connections and the guard of the store.
func (s *Store) open(ctx context.Context, o Options) (err error) {
	if s.gets, err = openPool(ctx, poolConfig{path: o.Path, size: getReaders, closing: s.closing}); err != nil {
		return err
	}
	if s.pages, err = openPool(ctx, poolConfig{path: o.Path, size: pageReaders, closing: s.closing}); err != nil {
		return err
	}
	s.searches = s.pages
	if !o.ReadOnly {
		if err := s.openWriting(ctx, o); err != nil {
			return err
		}
	}
	s.guard, err = newGuard(ctx, o.Path, o.Logger)
	return err
}

// openWriting opens the parts that a read-only store does not have.
func (s *Store) openWriting(ctx context.Context, o Options) (err error) {
	if err := s.openSearch(ctx, o, indexPath(o.Path)); err != nil {
		o.Logger.Warn("searching without an index", slog.Any("error", err))
		if err := s.openSearch(ctx, o, ""); err != nil {
			return err
		}
	}
	wakeIndexer := func(int) {}
	if s.indexer != nil {
		wakeIndexer = s.indexer.notify
	}
	s.writer, err = openWriter(ctx, o, wakeIndexer)
	return err
}

// openSearch opens the connections for searches, and the index if a path is given. An
// index that cannot be used is created again.
func (s *Store) openSearch(ctx context.Context, o Options, index string) error {
	if index != "" {
		if err := createIndex(ctx, index); err != nil {
			return err
		}
	}
	searches, err := openPool(ctx, poolConfig{
		path: o.Path, size: searchReaders, waiting: maxWaitingSearches, index: index, closing: s.closing,
	})
	if err != nil {
		return err
	}
	if index != "" {
		if s.indexer, err = openIndexer(ctx, index, o.Logger, s.pages); err != nil {
			return errors.Join(err, searches.close())
		}
	}
	s.searches = searches
	return nil
}

// start starts the goroutines, after everything is open.
func (s *Store) start() {
	s.gets.guard, s.pages.guard, s.searches.guard = s.guard, s.guard, s.guard
	go s.guard.run(s.closing)
	if s.writer == nil {
		return
	}
	s.writer.guard = s.guard
	go s.writer.run()
	if s.indexer != nil {
		go s.indexer.run()
	}
}

// Close implements task.Store. Accepted writes are committed first.
func (s *Store) Close() error { return s.close() }

func (s *Store) shut() error {
	close(s.closing)
	if s.guard == nil { // not started
		var errs []error
		if s.writer != nil {
			errs = append(errs, s.writer.release())
		}
		return s.closeFiles(errs)
	}
	<-s.guard.stopped
	if s.writer == nil {
		return s.closeFiles(nil)
	}
	errs := []error{s.writer.close()}
	if s.indexer != nil {
		<-s.indexer.stopped
	}
	return s.closeFiles(errs)
}

// closeFiles closes everything but the writer, and joins the errors.
func (s *Store) closeFiles(errs []error) error {
	if s.indexer != nil {
		errs = append(errs, s.indexer.close())
	}
	if s.searches != s.pages {
		errs = append(errs, s.searches.close())
	}
	if s.guard != nil {
		errs = append(errs, s.guard.close())
	}
	return errors.Join(append(errs, s.pages.close(), s.gets.close())...)
}

// Queued returns the number of writes that wait for a commit.
func (s *Store) Queued() int {
	if s.writer == nil {
		return 0
	}
	return s.writer.queue.Len()
}

// Write implements task.Store.
func (s *Store) Write(ctx context.Context, c task.Change) (task.Result, error) {
	if s.writer == nil {
		return task.Result{}, fmt.Errorf("write to a store opened for reading: %w", task.ErrUnavailable)
	}
	return s.writer.queue.Do(ctx, c)
}

// CheckWrite implements task.WriteChecker.
func (s *Store) CheckWrite(context.Context) error {
	if s.writer == nil {
		return nil
	}
	return s.writer.checkWrite()
}
