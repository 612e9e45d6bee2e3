// Package logfile keeps one log file per component: it writes, rotates and compresses
// them, reads and follows them, and cleans them up. It is the only user of lumberjack,
// and works around its faults. It does not create log messages: its input is the bytes
// that a component prints.
//
// Only one process may write into a folder at a time; the caller holds a lock for it.
// Any number may read.
package logfile

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// The defaults of [Options], which are the defaults of the settings too.
const (
	DefaultMaxSize  = 10 << 20            // bytes
	DefaultKeep     = 30 * 24 * time.Hour // after a file's rotation
	DefaultTotalCap = 200 << 20           // bytes
)

// Options bound the size of the logs. A zero value means the default, which the field's
// comment names last.
type Options struct {
	MaxSize  int64         // size at which a file is rotated, in bytes; DefaultMaxSize
	MaxAge   time.Duration // age of its first line at which a file is rotated; 24 h
	Keep     time.Duration // time from the rotation of a file to its deletion; DefaultKeep
	TotalCap int64         // approximate size of all files together, in bytes; DefaultTotalCap
	MaxLine  int           // length at which a line is split, in bytes of text, at least 16; 64 KiB

	Now    func() time.Time // gives the time of each line; time.Now
	Logger *slog.Logger     // for errors when old files are compressed or deleted; discards
}

func (o Options) withDefaults() Options {
	if o.MaxSize <= 0 {
		o.MaxSize = DefaultMaxSize
	}
	if o.MaxAge <= 0 {
		o.MaxAge = 24 * time.Hour
	}
	if o.Keep <= 0 {
		o.Keep = DefaultKeep
	}
	if o.TotalCap <= 0 {
		o.TotalCap = DefaultTotalCap
	}
	if o.MaxLine <= 0 {
		o.MaxLine = 64 << 10
	}
	o.MaxLine = max(o.MaxLine, 16)
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return o
}

// Set is the log files of one folder, open for writing.
type Set struct {
	dir      string
	opts     Options
	limit    atomic.Int64 // size at which a file is rotated
	archiver *archiver
	unblock  chan struct{} // closed by StopBlocking

	mu     sync.Mutex
	files  map[string]*File
	closed bool
}

// Open creates the folder dir if it is missing, checks that files can be created in it,
// and starts the archiver.
func Open(dir string, o Options) (*Set, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil { //nolint:gosec // the files in it are private
		return nil, fmt.Errorf("make the log folder: %w", err)
	}
	probe, err := os.CreateTemp(dir, ".probe-*")
	if err != nil {
		return nil, fmt.Errorf("write into the log folder: %w", err)
	}
	if err := errors.Join(probe.Close(), os.Remove(probe.Name())); err != nil {
		return nil, fmt.Errorf("write into the log folder: %w", err)
	}
	s := &Set{dir: dir, opts: o.withDefaults(), files: make(map[string]*File), unblock: make(chan struct{})}
	s.limit.Store(s.opts.MaxSize)
	s.archiver = newArchiver(dir, s.opts)
	return s, nil
}

// File returns the log file of a component, always the same *File for one name. If the
// disk refuses to create the file, a later write creates it. The error is that of
// [CheckName], or a *NotRegularError.
func (s *Set) File(name string) (*File, error) {
	if err := CheckName(name); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, fmt.Errorf("open the log of %s: %w", name, os.ErrClosed)
	}
	f, ok := s.files[name]
	if !ok {
		if err := checkRegular(filepath.Join(s.dir, name+suffix)); err != nil {
			return nil, err
		}
		f = newFile(s, name)
		s.files[name] = f
		// Current files are never deleted, so together they must stay below the cap.
		s.limit.Store(min(s.opts.MaxSize, s.opts.TotalCap/int64(len(s.files)+1)))
	}
	return f, nil
}

// Empty truncates the current files of the named components, or of all that are open,
// while they stay in use. It returns the number of freed bytes. Names without a file
// are skipped.
func (s *Set) Empty(names ...string) (freed int64, err error) {
	if len(names) == 0 {
		for _, f := range s.all() {
			names = append(names, f.name)
		}
	}
	for _, name := range names {
		n, e := s.empty(name)
		freed += n
		err = errors.Join(err, e)
	}
	return freed, err
}

func (s *Set) empty(name string) (int64, error) {
	if err := CheckName(name); err != nil {
		return 0, err
	}
	s.mu.Lock()
	f, ok := s.files[name]
	s.mu.Unlock()
	if ok {
		return f.empty()
	}
	return truncate(filepath.Join(s.dir, name+suffix))
}

// truncate empties a file, and returns the number of freed bytes.
func truncate(path string) (int64, error) {
	info, err := os.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return 0, nil
	case err != nil:
		return 0, err
	case !info.Mode().IsRegular():
		return 0, fmt.Errorf("empty %s: %w", path, errNotRegular)
	}
	return info.Size(), os.Truncate(path, 0)
}

// Dropped returns how many lines and bytes could not be written since the Set was
// opened.
func (s *Set) Dropped() (lines, bytes int64) {
	for _, f := range s.all() {
		l, b := f.totalDropped()
		lines, bytes = lines+l, bytes+b
	}
	return lines, bytes
}

// StopBlocking makes blocking streams drop and count lines that cannot be written at
// once. Call it once, before the components that write to them are stopped.
func (s *Set) StopBlocking() { close(s.unblock) }

// Close writes the last unfinished lines, syncs every file, and waits for the archiver
// to stop. The archiver of the next Open compresses the remaining files.
func (s *Set) Close() error {
	s.mu.Lock()
	closed := s.closed
	s.closed = true
	s.mu.Unlock()
	if closed {
		return nil
	}
	var errs []error
	for _, f := range s.all() {
		errs = append(errs, f.close())
	}
	s.archiver.close()
	return errors.Join(errs...)
}

// all returns the files in the order of their names.
func (s *Set) all() []*File {
	s.mu.Lock()
	defer s.mu.Unlock()
	names := make([]string, 0, len(s.files))
	for name := range s.files {
		names = append(names, name)
	}
	slices.Sort(names)
	files := make([]*File, len(names))
	for i, name := range names {
		files[i] = s.files[name]
	}
	return files
}
