// Package logfile keeps one log file per component: it writes, rotates and
// compresses them, reads and follows them, and cleans them up. It is the only
// door to lumberjack, and covers what lumberjack leaves open. It is not for
// making log messages: its input is whatever bytes a component prints.
//
// One process writes into a folder at a time, under a lock that is its caller's
// business. Any number may read.
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

// Options bound what the logs may take. The zero value of each field means the
// default named beside it.
type Options struct {
	MaxSize  int64         // bytes a file may have before it is rotated; 16 MiB
	MaxAge   time.Duration // a file whose first line is older is rotated at the next one; 24 h
	Keep     time.Duration // rotated files are deleted this long after their rotation; 14 days
	TotalCap int64         // bytes that all the files together may have, about; 256 MiB
	MaxLine  int           // bytes of text a line may have before it is split, at least 16; 64 KiB

	Now    func() time.Time // the clock that lines are stamped by; time.Now
	Logger *slog.Logger     // told when old files cannot be compressed or deleted; silent
}

func (o Options) withDefaults() Options {
	if o.MaxSize <= 0 {
		o.MaxSize = 16 << 20
	}
	if o.MaxAge <= 0 {
		o.MaxAge = 24 * time.Hour
	}
	if o.Keep <= 0 {
		o.Keep = 14 * 24 * time.Hour
	}
	if o.TotalCap <= 0 {
		o.TotalCap = 256 << 20
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
	dir     string
	opts    Options
	limit   atomic.Int64 // bytes at which a file is rotated
	janitor *janitor
	hurry   chan struct{} // closed by Hurry

	mu     sync.Mutex
	files  map[string]*File
	closed bool
}

// Open makes the folder dir if it is missing, checks that files can be made in
// it, and starts compressing and deleting what an earlier process left to do.
// The error is for people: it names the folder.
func Open(dir string, o Options) (*Set, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("make the log folder: %w", err)
	}
	probe, err := os.CreateTemp(dir, ".probe-*")
	if err != nil {
		return nil, fmt.Errorf("write into the log folder: %w", err)
	}
	if err := errors.Join(probe.Close(), os.Remove(probe.Name())); err != nil {
		return nil, fmt.Errorf("write into the log folder: %w", err)
	}
	s := &Set{dir: dir, opts: o.withDefaults(), files: make(map[string]*File), hurry: make(chan struct{})}
	s.limit.Store(s.opts.MaxSize)
	s.janitor = newJanitor(dir, s.opts)
	return s, nil
}

// File returns the log file of the component name, the same one every time. It
// exists on return, unless the disk refuses; then it is made as soon as that
// passes. The error is that name cannot be a file's.
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
		f = newFile(s, name)
		s.files[name] = f
		// The current files are never deleted, so they must not fill the cap.
		s.limit.Store(min(s.opts.MaxSize, s.opts.TotalCap/int64(len(s.files)+1)))
	}
	return f, nil
}

// Empty takes the text out of the current files of the named components, or of
// all that are open, while they go on being written. It returns how many bytes
// that freed. Names without a file are passed over.
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

// truncate empties a file that no File of this process stands for.
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

// Lost returns how many lines, and how many bytes of log file, could not be
// written since the Set was opened.
func (s *Set) Lost() (lines, bytes int64) {
	for _, f := range s.all() {
		l, b := f.lostInAll()
		lines, bytes = lines+l, bytes+b
	}
	return lines, bytes
}

// Hurry ends the patience of patient streams: from now on they drop and count what
// cannot be written at once. To be called once, before what writes into them is
// to end.
func (s *Set) Hurry() { close(s.hurry) }

// Close writes the last partial lines, syncs every file to disk, and waits for
// the compressing to stop; what is left of that is done after the next Open.
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
	s.janitor.close()
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
