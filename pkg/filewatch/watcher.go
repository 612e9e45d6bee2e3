package filewatch

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/fsnotify/fsnotify"
)

const (
	// quietTime is the time without notifications that ends a burst.
	quietTime = 200 * time.Millisecond
	// maxBurst is the longest time of a burst; then the files are compared anyway.
	maxBurst = 2 * time.Second
)

// ErrNoMatch says that no file matches any of the patterns now.
var ErrNoMatch = errors.New("no file matches")

// DirError says that a directory cannot be watched; it matches [fs.ErrNotExist] if the
// directory does not exist. It is watched as soon as that is possible.
type DirError struct {
	Dir string // relative to Config.Dir if it is below it
	Err error
}

func (e *DirError) Error() string { return fmt.Sprintf("watch %s: %v", e.Dir, e.Err) }

func (e *DirError) Unwrap() error { return e.Err }

// Config is the configuration of a Watcher. The functions are called one at a time.
type Config struct {
	Dir      string   // absolute
	Patterns []string // relative to Dir, or absolute; see [Valid]
	Skip     []string // absolute: directories that are never read
	// Changed gets the files that a burst has added, changed or removed.
	Changed func(files []string)
	// Trouble gets a [DirError] or [ErrNoMatch], once for each occurrence.
	Trouble func(error)
}

// Watcher reports changes of files: see [Watcher.Run].
type Watcher struct {
	cfg      Config
	patterns []pattern
	ready    chan struct{}
}

// New checks the patterns. Nothing is opened before Run.
func New(cfg Config) (*Watcher, error) {
	w := &Watcher{cfg: cfg, ready: make(chan struct{})}
	for _, text := range cfg.Patterns {
		if !Valid(text) {
			return nil, fmt.Errorf("watch %q: %w", text, filepath.ErrBadPattern)
		}
		w.patterns = append(w.patterns, parse(cfg.Dir, text))
	}
	return w, nil
}

// Matches returns the files that the patterns match now.
func (w *Watcher) Matches() []string {
	return w.relative(take(w.patterns, w.cfg.Skip).changedSince(&snapshot{}))
}

// Ready is closed when every later change will be reported.
func (w *Watcher) Ready() <-chan struct{} { return w.ready }

// Run watches until ctx ends.
func (w *Watcher) Run(ctx context.Context) error {
	notify, err := fsnotify.NewWatcher()
	if err != nil {
		return fmt.Errorf("watch files: %w", err)
	}
	defer func() { _ = notify.Close() }() // cannot lose data
	r := &watching{Watcher: w, notify: notify, watched: map[string]fs.FileInfo{}, told: map[string]bool{}}
	r.now = r.look()
	close(w.ready)
	if len(r.now.files) == 0 && len(r.now.missing) == 0 {
		w.cfg.Trouble(ErrNoMatch)
	}
	burst := time.NewTimer(time.Hour)
	burst.Stop()
	var began time.Time // of the burst; zero: no burst
	for {
		select {
		case event := <-notify.Events:
			if !r.matters(event, !began.IsZero()) {
				continue
			}
		case <-notify.Errors: //nolint:errcheck // after any error events may be lost, so compare
		case <-burst.C:
			began = time.Time{}
			r.compare()
			continue
		case <-ctx.Done():
			return nil
		}
		if began.IsZero() {
			began = time.Now()
		}
		burst.Reset(min(quietTime, max(0, time.Until(began.Add(maxBurst)))))
	}
}

// watching is a watcher that runs.
type watching struct {
	*Watcher
	notify  *fsnotify.Watcher
	watched map[string]fs.FileInfo
	told    map[string]bool // directories whose error was reported
	now     *snapshot
	created map[string]bool // in this burst
}

// matters reports whether an event can change the matches. A write matters if the file
// matches, or if the file was created in the present burst, which the write prolongs.
func (r *watching) matters(event fsnotify.Event, burst bool) bool {
	if !burst {
		r.created = map[string]bool{}
	}
	if event.Has(fsnotify.Create) {
		r.created[event.Name] = true
	}
	return event.Has(fsnotify.Create) || event.Has(fsnotify.Remove) || event.Has(fsnotify.Rename) ||
		r.now.files[event.Name] != nil || r.created[event.Name]
}

// compare takes a new snapshot, and reports the differences.
func (r *watching) compare() {
	before := r.now
	r.now = r.look()
	r.now.keepMissing(before)
	if changed := r.now.changedSince(before); len(changed) > 0 {
		r.cfg.Changed(r.relative(changed))
	}
}

// look takes a snapshot, after all its directories are watched.
func (r *watching) look() *snapshot {
	for {
		s := take(r.patterns, r.cfg.Skip)
		if !r.watch(s) {
			return s
		}
	}
}

// watch watches the directories of a snapshot and no others, and reports whether one
// is new.
func (r *watching) watch(s *snapshot) (added bool) {
	troubles := s.missing
	live := r.notify.WatchList()
	for dir, old := range r.watched {
		if info := s.dirs[dir]; info == nil || !os.SameFile(old, info) || !slices.Contains(live, dir) {
			_ = r.notify.Remove(dir) // fails if the directory was removed
			delete(r.watched, dir)
		}
	}
	for dir, info := range s.dirs {
		if r.watched[dir] != nil {
			continue
		}
		if err := r.notify.Add(dir); err != nil {
			troubles[dir] = err
			continue
		}
		r.watched[dir] = info
		added = true
	}
	if !added {
		r.tell(troubles)
	}
	return added
}

func (r *watching) tell(troubles map[string]error) {
	for dir := range r.told {
		if troubles[dir] == nil {
			delete(r.told, dir)
		}
	}
	for dir, err := range troubles {
		if !r.told[dir] {
			r.told[dir] = true
			r.cfg.Trouble(&DirError{Dir: r.relative([]string{dir})[0], Err: cause(err)})
		}
	}
}

// relative returns paths relative to Config.Dir, as in patterns.
func (w *Watcher) relative(paths []string) []string {
	var names []string
	for _, path := range paths {
		name, err := filepath.Rel(w.cfg.Dir, path)
		if err != nil || !within(path, []string{w.cfg.Dir}) {
			name = path
		}
		names = append(names, filepath.ToSlash(name))
	}
	return names
}

// cause is the error without the path, which DirError has.
func cause(err error) error {
	if pathErr := (*fs.PathError)(nil); errors.As(err, &pathErr) {
		return pathErr.Err
	}
	return err
}
