package sqlite

import (
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"sync"
	"time"

	"taskctl/pkg/wait"
)

const (
	// guardInterval is the time between checks of a store that is not used.
	guardInterval = time.Second
	// guardFresh is how long a check counts for reads.
	guardFresh = 100 * time.Millisecond
	// counterReads is how many reads have to find a lower counter before it counts as
	// lower: SQLite may be in the middle of writing it.
	counterReads = 3
)

// fileGuard detects that the files which a store has open are no longer those at its
// path: removed, renamed, replaced, truncated, or overwritten with an older copy. Commits
// after that would be lost, and those of other processes would not be seen.
//
// Another process that uses the database causes none of these changes: SQLite removes
// -wal and -shm only when the last connection of all processes is closed, nothing here
// makes a database smaller, and the counters in it only rise.
type fileGuard struct {
	path     string
	logger   *slog.Logger
	counters *counters // nil: closed

	failed  chan struct{} // closed when the files have changed
	stopped chan struct{} // closed when run has returned

	mu      sync.Mutex
	opened  map[string]fs.FileInfo // by suffix
	sizes   map[string]int64       // the largest sizes of the database and its -wal so far
	checked time.Time
	err     error
	behind  bool // the log ended before an event that it had
}

// guarded are the suffixes of the files that hold acknowledged writes.
func guarded() [3]string { return [...]string{"", "-wal", "-shm"} }

// newGuard returns a guard over the files at path, which connections have open.
func newGuard(ctx context.Context, path string, logger *slog.Logger) (*fileGuard, error) {
	g := &fileGuard{
		path: path, logger: logger, opened: make(map[string]fs.FileInfo), sizes: make(map[string]int64),
		failed: make(chan struct{}), stopped: make(chan struct{}), checked: time.Now(),
	}
	for _, suffix := range guarded() {
		info, err := os.Stat(path + suffix)
		if err != nil {
			return nil, err
		}
		g.opened[suffix] = info
		if suffix != "-shm" {
			g.sizes[suffix] = info.Size()
		}
	}
	c, err := connect(ctx, path, readWrite, "query_only = 1")
	if err != nil {
		return nil, err
	}
	if g.counters, err = openCounters(ctx, c); err != nil {
		return nil, errors.Join(err, c.Close())
	}
	return g, nil
}

// close closes the files of the guard.
func (g *fileGuard) close() error {
	g.mu.Lock()
	defer g.mu.Unlock()
	closing := g.counters
	g.counters = nil
	closing.close()
	return closing.conn.Close()
}

// run checks until closing is closed, so that a store that is not used fails soon,
// too.
func (g *fileGuard) run(closing <-chan struct{}) {
	defer close(g.stopped)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	go func() {
		select {
		case <-closing:
			cancel()
		case <-ctx.Done():
		}
	}()
	for wait.Sleep(ctx, guardInterval) && g.check() == nil {
	}
}

// recent returns the result of the last check, or of a new one if that is too old.
func (g *fileGuard) recent() error {
	if g == nil { // while the store is being opened
		return nil
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.err != nil || time.Since(g.checked) < guardFresh {
		return g.err
	}
	return g.checkLocked()
}

// check returns an error that matches task.ErrUnavailable if the files have changed,
// now or at an earlier check.
func (g *fileGuard) check() error {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.checkLocked()
}

func (g *fileGuard) checkLocked() error {
	if g.err != nil {
		return g.err
	}
	g.checked = time.Now()
	if changed := g.firstChanged(); changed != nil {
		return g.failLocked(changed)
	}
	return nil
}

func (g *fileGuard) failLocked(changed error) error {
	g.err = &refusedError{changed}
	g.logger.Error("database files changed under the running system", slog.Any("error", changed))
	close(g.failed)
	return g.err
}

// logWentBack is called when the log ends before an event that it had.
func (g *fileGuard) logWentBack() error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.err != nil {
		return g.err
	}
	g.behind = true
	return g.failLocked(&FileError{Path: g.path, Problem: Replaced})
}

// nextCounter returns the number that the next write has to store in a checkpoint
// counter; 0: none.
func (g *fileGuard) nextCounter() int64 {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.counters == nil {
		return 0
	}
	return g.counters.next()
}

// overwritten reports whether an older copy has been written into the database file.
// g.mu is held.
func (g *fileGuard) overwritten() bool {
	for range counterReads {
		if g.counters == nil || g.counters.read() {
			return false
		}
		time.Sleep(time.Millisecond)
	}
	return true
}

// firstChanged returns a *FileError for the first file that has changed, or nil. g.mu
// is held.
func (g *fileGuard) firstChanged() error {
	for _, suffix := range guarded() {
		path := g.path + suffix
		info, err := os.Stat(path)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return &FileError{Path: path, Problem: Removed}
		case err != nil: // for example a disk failure, which the store reports itself
			continue
		case !os.SameFile(info, g.opened[suffix]):
			return &FileError{Path: path, Problem: Replaced}
		case info.Size() < g.sizes[suffix]:
			return &FileError{Path: path, Problem: Replaced}
		case suffix != "-shm":
			g.sizes[suffix] = info.Size()
		}
	}
	if g.overwritten() {
		return &FileError{Path: g.path, Problem: Replaced}
	}
	return nil
}

// onlyWALRemoved reports whether the database file is unchanged, and its -wal and -shm
// files are unchanged or missing. All commits can then be moved into the database.
func (g *fileGuard) onlyWALRemoved() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	info, err := os.Stat(g.path)
	if err != nil || !os.SameFile(info, g.opened[""]) || info.Size() < g.sizes[""] || g.behind || g.overwritten() {
		return false
	}
	for _, suffix := range []string{"-wal", "-shm"} {
		info, err := os.Stat(g.path + suffix)
		if !errors.Is(err, fs.ErrNotExist) && (err != nil || !os.SameFile(info, g.opened[suffix])) {
			return false
		}
	}
	return true
}

// Failed is closed when the store has detected that its files are no longer those at
// its path. It then serves nothing until it is opened again. Err returns the reason.
func (s *Store) Failed() <-chan struct{} { return s.guard.failed }

// Err returns why the store has failed, or nil.
func (s *Store) Err() error {
	s.guard.mu.Lock()
	defer s.guard.mu.Unlock()
	return s.guard.err
}
