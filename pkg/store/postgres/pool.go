package postgres

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"taskctl/pkg/store/writequeue"
	"taskctl/pkg/task"
)

// maxIdle is how long an unused connection is kept.
const maxIdle = 5 * time.Minute

// pool holds connections for reading. It has no goroutine: a caller that needs a
// connection opens it, and a caller that returns one closes old ones.
type pool struct {
	connector *connector
	slots     chan struct{} // holds a token for each connection that may still be taken
	closing   chan struct{}
	waits     counter // callers that had to wait for a connection

	mu   sync.Mutex
	idle []*conn // in the order of their release
}

func newPool(c *connector, size int) *pool {
	p := &pool{connector: c, slots: make(chan struct{}, size), closing: make(chan struct{})}
	for range size {
		p.slots <- struct{}{}
	}
	return p
}

// use calls do with a connection. An error that may pass becomes ErrUnavailable. If the
// connection turns out to have been closed while it was idle, use replaces it and calls
// do again, which is safe because do only reads.
func (p *pool) use(ctx context.Context, verb string, do func(c *conn) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := p.slot(ctx); err != nil {
		return err
	}
	defer func() { p.slots <- struct{}{} }()
	for {
		c, fresh, err := p.take(ctx)
		if err != nil {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			return unavailable(verb, err)
		}
		err = do(c)
		p.release(c)
		if lost(err) && !fresh && ctx.Err() == nil {
			p.drop() // the other idle ones are as old, and so closed as well
			continue
		}
		return readError(verb, err)
	}
}

// slot waits until one more connection may be used.
func (p *pool) slot(ctx context.Context) error {
	select {
	case <-p.closing:
		return writequeue.ErrClosed
	default:
	}
	select {
	case <-p.slots:
		return nil
	default:
	}
	p.waits.increment()
	timer := time.NewTimer(p.connector.options.StatementTimeout)
	defer timer.Stop()
	select {
	case <-p.slots:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-p.closing:
		return writequeue.ErrClosed
	case <-timer.C:
		return fmt.Errorf("all %d connections to PostgreSQL are in use: %w", cap(p.slots), task.ErrUnavailable)
	}
}

// take returns a connection. fresh says that it was just opened.
func (p *pool) take(ctx context.Context) (c *conn, fresh bool, err error) {
	p.mu.Lock()
	if n := len(p.idle); n > 0 {
		c = p.idle[n-1]
		p.idle = p.idle[:n-1]
	}
	p.mu.Unlock()
	if c != nil {
		return c, false, nil
	}
	c, err = p.connector.connect(ctx)
	return c, true, err
}

// release returns a connection, and closes the connection that was idle longest if that
// is over maxIdle.
func (p *pool) release(c *conn) {
	if c.broken() {
		_ = c.close() // the cause is known already
		return
	}
	c.released = time.Now()
	p.mu.Lock()
	var old *conn
	if len(p.idle) > 0 && c.released.Sub(p.idle[0].released) > maxIdle {
		old = p.idle[0]
		p.idle = append(p.idle[:0], p.idle[1:]...)
	}
	p.idle = append(p.idle, c)
	p.mu.Unlock()
	if old != nil {
		_ = old.close() // it was idle
	}
}

// drop closes every idle connection.
func (p *pool) drop() {
	p.mu.Lock()
	idle := p.idle
	p.idle = nil
	p.mu.Unlock()
	for _, c := range idle {
		_ = c.close() // it was idle
	}
}

// inUse is the number of connections in use.
func (p *pool) inUse() int { return cap(p.slots) - len(p.slots) }

// open is the number of open connections.
func (p *pool) open() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.idle) + p.inUse()
}

// close waits for the connections in use.
func (p *pool) close() {
	close(p.closing)
	for range cap(p.slots) {
		<-p.slots
	}
	p.drop()
}

// counter counts events of several goroutines.
type counter struct{ n atomic.Int64 }

func (c *counter) increment() { c.n.Add(1) }
func (c *counter) get() int64 { return c.n.Load() }
