package listen

import (
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"
)

// pool holds the connections that a server has accepted. A connection is pending until
// the header of its first request is complete: during the TLS handshake, and however
// slowly its bytes come. Pending connections are bounded in number and in time, and are
// closed first, the oldest before the others. After that it is established, or refused
// if there are too many.
type pool struct {
	limit   capacity
	timeout time.Duration // for the first request; 0: no limit
	logger  *slog.Logger
	busy    []byte // the response on pending connections that are closed to make room; nil: none

	starting atomic.Int64 // connections whose request has been read, and whose handler has not been called yet

	mu          sync.Mutex
	addresses   addresses
	pending     connList
	receiving   connList // established ones whose request is not complete yet
	idle        connList // established ones between two requests
	established int
	http        int           // open and not hijacked
	closing     bool          // pending connections are closed at once
	empty       chan struct{} // nil unless somebody waits for http to become 0
	loggedShed  time.Time     // the last time of logShed

	failingSince  time.Time // when accepting began to fail; zero: it works
	failure       error
	loggedFailure time.Time
}

// add makes an accepted connection pending, and closes the oldest pending one if
// there are too many.
func (p *pool) add(nc net.Conn) *conn {
	now := time.Now()
	c := &conn{pool: p, addr: p.addresses.of(nc)}
	var last time.Time
	if p.timeout > 0 {
		last = now.Add(p.timeout)
	}
	c.init(nc, last)
	p.mu.Lock()
	var oldest *conn
	if p.pending.len >= p.limit.pending(p.established) {
		oldest = p.takeIncomplete()
		p.logShed(now)
	}
	beyond, far := p.addresses.add(c.addr)
	c.refused.Store(beyond)
	p.pending.push(c, now)
	p.http++
	closing := p.closing || far
	p.mu.Unlock()
	p.turnAway(oldest)
	if closing {
		_ = c.Close()
	}
	return c
}

// forget removes a connection from the pool; p.mu is held.
func (p *pool) forget(c *conn) {
	if c.stage == closed {
		return
	}
	c.unlist()
	p.started(c)
	if c.stage == established {
		p.established--
	}
	p.addresses.remove(c.addr)
	if !c.hijacked {
		p.left()
	}
	c.stage = closed
}

// started records that the handler of a connection's request has been called, or never
// will be.
func (p *pool) started(c *conn) {
	if c.starting.CompareAndSwap(true, false) {
		p.starting.Add(-1)
	}
}

// awaitHandlers waits until every accepted connection has sent its request, and the
// handler of each request that was read has been called; for the limit at most.
func (p *pool) awaitHandlers(limit time.Duration) { pollUntil(p.allHandled, limit, nil) }

func (p *pool) allHandled() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.pending.len == 0 && p.starting.Load() == 0
}

// pollInterval is how often pollUntil looks.
const pollInterval = time.Millisecond

// pollUntil returns when a condition holds, the limit has passed, or done is closed.
func pollUntil(holds func() bool, limit time.Duration, done <-chan struct{}) {
	if holds() {
		return
	}
	ticker := time.NewTicker(pollInterval)
	defer ticker.Stop()
	end := time.NewTimer(limit)
	defer end.Stop()
	for !holds() {
		select {
		case <-ticker.C:
		case <-end.C:
			return
		case <-done:
			return
		}
	}
}

// left records that net/http has one connection less; p.mu is held.
func (p *pool) left() {
	if p.http--; p.http == 0 && p.empty != nil {
		close(p.empty)
		p.empty = nil
	}
}

func (p *pool) remove(c *conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.forget(c)
}

// hand moves the place of a hijacked connection to its replacement, and marks the
// connection as closed. It returns false if it was closed already.
func (p *pool) hand(c *conn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !c.hijacked || c.stage != established {
		return false
	}
	c.stage = closed
	return true
}

// release frees the place of an established connection.
func (p *pool) release(addr netip.Addr) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.established--
	p.addresses.remove(addr)
}

// track is an http.Server's ConnState hook. It is called with StateActive when the
// header of a request is complete.
func (p *pool) track(nc net.Conn, state http.ConnState) {
	c := connOf(nc)
	if c == nil {
		return
	}
	switch state {
	case http.StateActive:
		p.activate(c)
	case http.StateIdle:
		p.move(c, &p.idle)
	case http.StateHijacked:
		p.mu.Lock()
		defer p.mu.Unlock()
		if c.stage != closed {
			c.unlist()
			c.hijacked = true
			p.left()
		}
	}
}

// activate takes a connection off its list, and decides about a pending one.
func (p *pool) activate(c *conn) {
	p.mu.Lock()
	if c.stage != closed && c.starting.CompareAndSwap(false, true) {
		p.starting.Add(1)
	}
	if c.stage != pending {
		if c.stage == established {
			c.unlist()
		}
		p.mu.Unlock()
		return
	}
	var silent *conn
	if p.established >= p.limit.established && !c.refused.Load() {
		if silent = p.takeReceiving(); silent == nil {
			silent = p.takeOldest(&p.idle, minIdle)
		}
	}
	if c.refused.Load() || p.established >= p.limit.established {
		c.refused.Store(true) // it stays pending until its request is answered
		c.unlist()
		p.pending.push(c, time.Now()) // closing it first would cut its answer
	} else {
		c.unlist()
		c.stage = established
		p.established++
	}
	admitted := c.stage == established
	p.mu.Unlock()
	silent.abort()
	if admitted {
		c.unlimit()
	}
}

// move puts an established connection on a list; nil: on none.
func (p *pool) move(c *conn, list *connList) {
	now := time.Now()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.started(c) // or net/http has answered by itself
	if c.stage != established || c.hijacked {
		return
	}
	c.unlist()
	if list != nil {
		list.push(c, now)
	}
}

// gone returns a channel that is closed when net/http has no connection left. The
// server must not accept any more.
func (p *pool) gone() <-chan struct{} {
	p.mu.Lock()
	defer p.mu.Unlock()
	empty := make(chan struct{})
	if p.http == 0 {
		close(empty)
	} else {
		p.empty = empty
	}
	return empty
}

// closePending closes all pending connections, present and future ones.
func (p *pool) closePending() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closing = true
	for c := p.pending.first; c != nil; c = p.pending.first {
		p.forget(c)
		c.abort()
	}
}

// handler wraps the handler of requests: it sends Connection: close when clients have
// to reconnect, and records while the body of a request is read.
func (p *pool) handler(next http.Handler, retiring *atomic.Bool) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c := requestConn(r)
		p.started(c)
		// With Transfer-Encoding there may have been a Content-Length, which net/http
		// removes: then the connection has to be closed (RFC 9112 §6.3).
		if retiring.Load() || c.refused.Load() || r.TransferEncoding != nil {
			w.Header().Set("Connection", "close")
		}
		if r.ContentLength != 0 && r.ProtoMajor == 1 {
			r.Body = &trackedBody{ReadCloser: r.Body, conn: c}
		}
		next.ServeHTTP(w, r)
	})
}

// trackedBody records when a request's body is read, and its end.
type trackedBody struct {
	io.ReadCloser
	conn            *conn
	begun, complete bool
}

func (b *trackedBody) Read(p []byte) (int, error) {
	if !b.begun { // not before: until then it is not the client that is late
		b.begun = true
		b.conn.pool.move(b.conn, &b.conn.pool.receiving)
	}
	n, err := b.ReadCloser.Read(p)
	if err != nil && !b.complete {
		b.complete = true
		b.conn.pool.move(b.conn, nil)
	}
	return n, err
}

// connKey is the key of a request's connection among the context's values, which
// is where net/http's ConnContext hook puts it.
type connKey struct{}

func withConn(ctx context.Context, nc net.Conn) context.Context {
	return context.WithValue(ctx, connKey{}, connOf(nc))
}

// requestConn returns a request's connection; nil for a request that did not come
// through a Server.
func requestConn(r *http.Request) *conn {
	c, _ := r.Context().Value(connKey{}).(*conn)
	return c
}

// Refused reports whether a request came on a connection beyond the limit: it has
// to be answered 503, unless it asks for the health of the server.
func Refused(r *http.Request) bool {
	c := requestConn(r)
	return c != nil && c.refused.Load()
}
