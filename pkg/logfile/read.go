package logfile

import (
	"context"
	"errors"
	"slices"
	"time"
)

// All, as ReadOptions.Last, is no limit.
const All = -1

const followEvery = 100 * time.Millisecond

// ReadOptions select what is read.
type ReadOptions struct {
	Names []string  // components; empty: all that have a log, also those that get one later
	Last  int       // of what is there already, the newest so many entries of all components together; All
	Since time.Time // of what is there already, nothing older; zero: no limit

	// Every is how often Follow looks at the files; zero: 100 ms.
	Every time.Duration
	// Flush, where set, is called when all that there is has been emitted: after
	// what was there already, and then after each batch. An error ends the reading.
	Flush func() error
}

// Read calls emit for the entries in the folder dir, those in rotated files too:
// in the order of each component's log, and merged by time. An error of emit
// ends it and is returned.
func Read(ctx context.Context, dir string, o ReadOptions, emit func(Entry) error) error {
	r := newReader(dir, o, false)
	defer r.close()
	if err := r.history(ctx, emit); err != nil {
		return err
	}
	return r.flush()
}

// Follow is Read that goes on with what is written from then on, without a gap
// and without a repeat, until ctx ends; then it returns nil. It goes with the
// logs through rotation, cleaning, deletion and restarts, and waits for those
// that do not exist yet, or whose folder does not.
//
// It looks at the files ten times a second. That works on every system and file
// system alike, and runs only while someone is looking.
func Follow(ctx context.Context, dir string, o ReadOptions, emit func(Entry) error) error {
	r := newReader(dir, o, true)
	defer r.close()
	err := r.history(ctx, emit)
	if err == nil {
		err = r.flush()
	}
	every := o.Every
	if every <= 0 {
		every = followEvery
	}
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for err == nil {
		select {
		case <-ctx.Done():
			return nil
		case now := <-ticker.C:
			err = r.round(ctx, now, emit)
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
	started bool // the history has been read
}

func newReader(dir string, o ReadOptions, follow bool) *reader {
	r := &reader{dir: dir, o: o, follow: follow}
	for _, name := range o.Names {
		if !r.has(name) {
			r.cursors = append(r.cursors, &cursor{dir: dir, name: name})
		}
	}
	return r
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
			c := &cursor{dir: r.dir, name: name}
			r.cursors = append(r.cursors, c)
			if r.started { // its file is new, and wanted from the beginning
				err = errors.Join(err, c.start(All, time.Time{}))
				c.until = -1
			}
		}
	}
	return err
}

// history emits what is there already.
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
		c.until = -1
	}
	for _, e := range last[max(0, len(last)-max(0, r.o.Last)):] {
		if err := emit(e); err != nil {
			return err
		}
	}
	return nil
}

// round emits what has been written since the last one.
func (r *reader) round(ctx context.Context, now time.Time, emit func(Entry) error) error {
	if err := r.discover(); err != nil {
		return err
	}
	some := false
	err := r.merge(ctx, now, func(e Entry) error {
		some = true
		return emit(e)
	})
	if err == nil && some {
		err = r.flush()
	}
	return err
}

// merge emits the entries that are there, the earliest first. With a horizon, it
// leaves those that are a little younger for the next round: another component's
// log, looked at just before, may have got an earlier one in the meantime.
// (Much younger ones are from before the clock was set back.)
func (r *reader) merge(ctx context.Context, horizon time.Time, emit func(Entry) error) error {
	for _, c := range r.cursors {
		c.dry = false
	}
	for ctx.Err() == nil {
		var first *cursor
		for _, c := range r.cursors {
			ok, err := c.peek(!r.follow)
			if err != nil {
				return err
			}
			if ok && (first == nil || c.head.Time.Before(first.head.Time)) {
				first = c
			}
		}
		if first == nil {
			return nil
		}
		if ahead := first.head.Time.Sub(horizon); !horizon.IsZero() && len(r.cursors) > 1 && 0 < ahead && ahead < time.Second {
			return nil
		}
		if err := emit(first.take()); err != nil {
			return err
		}
	}
	return ctx.Err()
}
