package sqlite

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"

	"taskctl/pkg/store/writequeue"
	"taskctl/pkg/task"
	"taskctl/pkg/wait"
)

// poolConfig configures a pool.
type poolConfig struct {
	path    string
	size    int
	waiting int64  // how many callers may wait for a connection; 0: any number
	index   string // path of the search index; empty: none
	closing <-chan struct{}
}

// pool holds connections for one kind of read.
type pool struct {
	idle    chan *reader
	closing <-chan struct{}
	guard   *fileGuard   // nil while the store is being opened
	uses    atomic.Int64 // since the indexer's last step
	waiting atomic.Int64 // callers that have no connection yet
	limit   int64        // of waiting; 0: none
}

func openPool(ctx context.Context, c poolConfig) (*pool, error) {
	p := &pool{idle: make(chan *reader, c.size), closing: c.closing, limit: c.waiting}
	for range c.size {
		r, err := openReader(ctx, c.path, c.index)
		if err != nil {
			return nil, errors.Join(err, p.closeIdle())
		}
		p.idle <- r
	}
	return p, nil
}

// errCrowded means that too many searches are waiting.
var errCrowded = fmt.Errorf("too many searches are waiting: %w", task.ErrUnavailable)

// use calls do with a reader. verb completes the text of an error.
func (p *pool) use(ctx context.Context, verb string, do func(r *reader) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if wait.IsClosed(p.closing) {
		return writequeue.ErrClosed
	}
	r, err := p.take(ctx)
	if err != nil {
		return err
	}
	defer func() { p.idle <- r }()
	p.uses.Add(1)
	err = do(r)
	if changed := p.guard.recent(); changed != nil { // the result is not from the files at the path
		return changed
	}
	return readError(verb, err)
}

// take waits for a reader.
func (p *pool) take(ctx context.Context) (*reader, error) {
	select {
	case r := <-p.idle:
		return r, nil
	default:
	}
	defer p.waiting.Add(-1)
	if n := p.waiting.Add(1); p.limit > 0 && n > p.limit {
		return nil, errCrowded
	}
	select {
	case r := <-p.idle:
		return r, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-p.closing:
		return nil, writequeue.ErrClosed
	}
}

// readError turns SQLite's errors into those of an unavailable store.
func readError(verb string, err error) error {
	if code(err) != 0 {
		return unavailable(verb, err)
	}
	return err
}

// snapshot calls do with a reader inside a transaction, so that all its reads see the
// same state.
func (p *pool) snapshot(ctx context.Context, verb string, do func(r *reader) error) error {
	return p.use(ctx, verb, func(r *reader) error {
		// These are shorter than the setup of an interrupt.
		ctx := context.WithoutCancel(ctx)
		if err := r.begin.exec(ctx); err != nil {
			return err
		}
		return errors.Join(do(r), r.end.exec(ctx))
	})
}

// close waits for the readers in use.
func (p *pool) close() error {
	if p == nil { // never opened
		return nil
	}
	var errs []error
	for range cap(p.idle) {
		errs = append(errs, (<-p.idle).conn.Close())
	}
	return errors.Join(errs...)
}

func (p *pool) closeIdle() error {
	var errs []error
	for len(p.idle) > 0 {
		errs = append(errs, (<-p.idle).conn.Close())
	}
	return errors.Join(errs...)
}
