package logfile

import (
	"context"
	"errors"
	"slices"
	"time"
)

// All as ReadOptions.Last means no limit.
const All = -1

const defaultFollowInterval = 100 * time.Millisecond

// ReadOptions select what is read.
type ReadOptions struct {
	Names []string  // of components; empty: all that have a log now or get one later
	Last  int       // number of existing entries, the newest of all components together; or All
	Since time.Time // older entries are left out; zero: no limit

	// Every is how often Follow checks the files; zero: 100 ms.
	Every time.Duration
	// Flush, if set, is called after the existing entries have been emitted, and then
	// after each batch. An error ends the reading.
	Flush func() error
}

// Read calls emit for the entries in the folder dir, including rotated files. The
// entries of a component come in their order, and those of several components are
// merged by time. Read returns the first error of emit.
func Read(ctx context.Context, dir string, o ReadOptions, emit func(Entry) error) error {
	r := &reader{dir: dir, o: o}
	r.addNamed()
	defer r.close()
	if err := r.history(ctx, emit); err != nil {
		return err
	}
	return r.flush()
}

// Follow is Read that continues with new entries, without a gap or a repeat, until ctx
// ends; then it returns nil. It follows the logs across rotation, cleaning, deletion
// and restarts, and waits for logs and folders that do not exist yet.
//
// It polls the files ten times a second, because that works on every operating system
// and file system.
func Follow(ctx context.Context, dir string, o ReadOptions, emit func(Entry) error) error {
	r := &reader{dir: dir, o: o, follow: true}
	r.addNamed()
	defer r.close()
	err := r.history(ctx, emit)
	if err == nil {
		err = r.flush()
	}
	every := o.Every
	if every <= 0 {
		every = defaultFollowInterval
	}
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for err == nil {
		select {
		case <-ctx.Done():
			return nil
		case now := <-ticker.C:
			err = r.poll(ctx, now, emit)
		}
	}
	if ctx.Err() != nil && errors.Is(err, ctx.Err()) {
		return nil
	}
	return err
}

// reader merges the logs of several components.
type reader struct {
	dir     string
	o       ReadOptions
	follow  bool
	cursors []*cursor
	started bool // the existing entries have been read
}

// addNamed adds a cursor for each component that the options name.
func (r *reader) addNamed() {
	for _, name := range r.o.Names {
		if !r.has(name) {
			r.add(name)
		}
	}
}

func (r *reader) add(name string) *cursor {
	c := &cursor{dir: r.dir, name: name, follow: r.follow}
	r.cursors = append(r.cursors, c)
	return c
}

func (r *reader) has(name string) bool {
	return slices.ContainsFunc(r.cursors, func(c *cursor) bool { return c.name == name })
}

func (r *reader) close() {
	for _, c := range r.cursors {
		c.close()
	}
}

func (r *reader) flush() error {
	if r.o.Flush == nil {
		return nil
	}
	return r.o.Flush()
}

// discover adds cursors for components that have not been seen before.
func (r *reader) discover() error {
	if len(r.o.Names) > 0 {
		return nil
	}
	names, err := Names(r.dir)
	for _, name := range names {
		if !r.has(name) {
			c := r.add(name)
			if r.started { // its file is new, so it is read from the beginning
				err = errors.Join(err, c.start(All, time.Time{}))
				c.readLimit = -1
			}
		}
	}
	return err
}

// history emits the existing entries.
func (r *reader) history(ctx context.Context, emit func(Entry) error) error {
	if err := r.discover(); err != nil {
		return err
	}
	for _, c := range r.cursors {
		if err := c.start(r.o.Last, r.o.Since); err != nil {
			return err
		}
	}
	r.started = true
	var last []Entry
	keep := func(e Entry) error {
		if e.Time.Before(r.o.Since) {
			return nil
		}
		if r.o.Last < 0 {
			return emit(e)
		}
		if last = append(last, e); len(last) > 2*r.o.Last {
			last = last[:copy(last, last[len(last)-r.o.Last:])]
		}
		return nil
	}
	if err := r.merge(ctx, time.Time{}, keep); err != nil {
		return err
	}
	for _, c := range r.cursors {
		c.readLimit = -1
	}
	for _, e := range last[max(0, len(last)-max(0, r.o.Last)):] {
		if err := emit(e); err != nil {
			return err
		}
	}
	return nil
}

// poll emits the entries since the last poll.
func (r *reader) poll(ctx context.Context, now time.Time, emit func(Entry) error) error {
	if err := r.discover(); err != nil {
		return err
	}
	emitted := false
	err := r.merge(ctx, now, func(e Entry) error {
		emitted = true
		return emit(e)
	})
	if err == nil && emitted {
		err = r.flush()
	}
	return err
}

// merge emits the available entries, the earliest first. With a horizon, it keeps
// entries that are a little newer than it for the next round, because an earlier entry
// may have been written to another log, which was read just before. (Entries that are
// much newer were written before the clock was set back.)
func (r *reader) merge(ctx context.Context, horizon time.Time, emit func(Entry) error) error {
	for _, c := range r.cursors {
		c.exhausted = false
	}
	for ctx.Err() == nil {
		var first *cursor
		for _, c := range r.cursors {
			ok, err := c.peek()
			if err != nil {
				return err
			}
			if ok && (first == nil || c.pending.Time.Before(first.pending.Time)) {
				first = c
			}
		}
		if first == nil {
			return nil
		}
		if ahead := first.pending.Time.Sub(horizon); !horizon.IsZero() && len(r.cursors) > 1 && 0 < ahead && ahead < time.Second {
			return nil
		}
		if err := emit(first.take()); err != nil {
			return err
		}
	}
	return ctx.Err()
}
