package listen

import (
	"crypto/tls"
	"net"
	"net/netip"
	"sync/atomic"
	"time"
)

// stage is the stage of a connection's life.
type stage uint8

const (
	pending stage = iota // no complete request so far, or refused
	established
	closed
)

// conn is an accepted connection.
type conn struct {
	deadlineConn
	pool    *pool
	refused atomic.Bool // there are too many, of all or of its address
	addr    netip.Addr  // the address that it counts for

	starting atomic.Bool // it counts in pool.starting

	// The fields below are guarded by the pool's lock.
	stage      stage
	hijacked   bool
	list       *connList // nil: on none
	prev, next *conn
	since      time.Time // on the list
}

// Close closes the connection and frees its place in the pool.
func (c *conn) Close() error {
	c.pool.remove(c)
	return c.Conn.Close()
}

// abort closes a connection that is no longer in the pool; nil: does nothing.
func (c *conn) abort() {
	if c != nil {
		_ = c.Conn.Close()
	}
}

// hijackedConn replaces a connection that its handler has hijacked. It is small,
// because there may be tens of thousands; it uses the runtime's own deadlines.
type hijackedConn struct {
	*net.TCPConn
	pool   *pool
	addr   netip.Addr
	closed atomic.Bool
}

// Close closes the connection and frees its place in the pool.
func (c *hijackedConn) Close() error {
	if !c.closed.Swap(true) {
		c.pool.release(c.addr)
	}
	return c.TCPConn.Close()
}

// Slim returns a smaller replacement of a hijacked connection, without a deadline. It
// returns a connection that is not plain TCP unchanged.
func Slim(nc net.Conn) net.Conn {
	c, ok := nc.(*conn)
	if !ok {
		return nc
	}
	tcp, ok := c.Conn.(*net.TCPConn)
	if !ok || !c.pool.hand(c) || tcp.SetDeadline(time.Time{}) != nil {
		return nc
	}
	return &hijackedConn{TCPConn: tcp, pool: c.pool, addr: c.addr}
}

// connOf returns the pool's connection below what net/http has; nil: there is none.
func connOf(nc net.Conn) *conn {
	for {
		switch c := nc.(type) {
		case *conn:
			return c
		case *malformedConn:
			nc = c.Conn
		case *tls.Conn:
			nc = c.NetConn()
		default:
			return nil
		}
	}
}

// connList is connections in the order in which they were put on it.
type connList struct {
	first, last *conn
	len         int
}

func (l *connList) push(c *conn, now time.Time) {
	c.list, c.since, c.prev, c.next = l, now, l.last, nil
	if l.last != nil {
		l.last.next = c
	} else {
		l.first = c
	}
	l.last = c
	l.len++
}

// unlist takes a connection off its list, if it is on one.
func (c *conn) unlist() {
	l := c.list
	if l == nil {
		return
	}
	if c.prev != nil {
		c.prev.next = c.next
	} else {
		l.first = c.next
	}
	if c.next != nil {
		c.next.prev = c.prev
	} else {
		l.last = c.prev
	}
	l.len--
	c.list, c.prev, c.next = nil, nil, nil
}
