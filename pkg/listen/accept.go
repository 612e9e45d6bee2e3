package listen

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"syscall"
	"time"
)

const (
	acceptRetryDelay = 50 * time.Millisecond
	// maxAcceptFailing is how long accepting may fail, although pending connections are
	// closed, before the server reports itself as unhealthy.
	maxAcceptFailing = 5 * time.Second
)

// poolListener accepts connections into a pool. When descriptors run out, it closes the
// oldest pending connection and tries again.
type poolListener struct {
	net.Listener
	pool *pool
	done chan struct{}
	once sync.Once
}

func newPoolListener(l net.Listener, p *pool) *poolListener {
	return &poolListener{Listener: l, pool: p, done: make(chan struct{})}
}

func (l *poolListener) Accept() (net.Conn, error) {
	for {
		l.pool.awaitRoom(l.done)
		c, err := l.Listener.Accept()
		if err == nil {
			l.pool.accepted()
			return l.pool.add(c), nil
		}
		if !isTemporary(err) {
			return nil, err
		}
		if l.pool.acceptFailed(err) {
			continue
		}
		retry := time.NewTimer(acceptRetryDelay)
		select {
		case <-retry.C:
		case <-l.done:
			retry.Stop()
			return nil, net.ErrClosed
		}
	}
}

func (l *poolListener) Close() error {
	l.once.Do(func() { close(l.done) })
	return l.Listener.Close()
}

// isTemporary reports whether accepting may succeed later: descriptors or memory ran
// out, or the client disconnected before it was accepted.
func isTemporary(err error) bool {
	for _, errno := range []syscall.Errno{
		syscall.EMFILE, syscall.ENFILE, syscall.ENOBUFS, syscall.ENOMEM, syscall.ECONNABORTED, syscall.ECONNRESET, syscall.EINTR,
	} {
		if errors.Is(err, errno) {
			return true
		}
	}
	return false
}

func (p *pool) accepted() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.failingSince = time.Time{}
}

// acceptFailed closes the oldest pending connection, so that its descriptor can be
// used, and reports whether there was one.
func (p *pool) acceptFailed(err error) bool {
	now := time.Now()
	p.mu.Lock()
	if p.failingSince.IsZero() {
		p.failingSince = now
	}
	p.failure = err
	if now.Sub(p.loggedFailure) >= logInterval {
		p.loggedFailure = now
		p.logger.Error("cannot accept connections", "error", err)
	}
	oldest := p.takeIncomplete()
	p.mu.Unlock()
	p.turnAway(oldest)
	return oldest != nil
}

// acceptError returns why no connection could be accepted for maxAcceptFailing, or nil.
func (p *pool) acceptError() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.failingSince.IsZero() || time.Since(p.failingSince) < maxAcceptFailing {
		return nil
	}
	return fmt.Errorf("no connection could be accepted for %v: %w", maxAcceptFailing, p.failure)
}

// AcceptError returns why the server of a request cannot accept connections, or nil. A
// health check that reuses a connection opened earlier would not notice it otherwise.
func AcceptError(r *http.Request) error {
	if c := requestConn(r); c != nil {
		return c.pool.acceptError()
	}
	return nil
}
