package listen

import (
	"errors"
	"net"
	"os"
	"sync"
	"time"
)

// timedConn keeps its deadlines itself. net/http sets seven of them for a request,
// nearly all to put off the one before, and what a small request costs grows by a
// twentieth if each of them moves a timer of the runtime. Here the timer stays
// where it is as long as it is early enough; when it fires, it is moved to what is
// wanted by then.
type timedConn struct {
	net.Conn
	reads, writes deadline
}

// newTimedConn makes no call of c wait beyond last; zero: as long as is wanted.
func newTimedConn(c net.Conn, last time.Time) *timedConn {
	now := time.Now()
	t := &timedConn{
		Conn:   c,
		reads:  deadline{set: c.SetReadDeadline, begin: now, last: last},
		writes: deadline{set: c.SetWriteDeadline, begin: now, last: last},
	}
	_ = t.SetDeadline(last) // fails only where reading will
	return t
}

func (c *timedConn) Read(p []byte) (int, error) {
	for {
		n, err := c.Conn.Read(p)
		if err == nil || n > 0 || !c.reads.putOff(err) {
			return n, err
		}
	}
}

func (c *timedConn) Write(p []byte) (n int, err error) {
	for {
		m, err := c.Conn.Write(p[n:])
		n += m
		if err == nil || !c.writes.putOff(err) {
			return n, err
		}
	}
}

// CloseWrite closes the side that writes. net/http looks for it where it has to
// end a connection on which there may be input unread.
func (c *timedConn) CloseWrite() error { return closeWrite(c.Conn) }

func closeWrite(c net.Conn) error {
	if c, ok := c.(interface{ CloseWrite() error }); ok {
		return c.CloseWrite()
	}
	return errors.ErrUnsupported
}

func (c *timedConn) SetReadDeadline(t time.Time) error  { return c.reads.want(t) }
func (c *timedConn) SetWriteDeadline(t time.Time) error { return c.writes.want(t) }

func (c *timedConn) SetDeadline(t time.Time) error {
	return errors.Join(c.reads.want(t), c.writes.want(t))
}

// deadline is when reading or writing ends. The zero time means never.
type deadline struct {
	set   func(time.Time) error // the timer
	begin time.Time             // of the connection
	last  time.Time

	mu          sync.Mutex
	wanted      time.Time
	timer       time.Time // not later than wanted
	interrupted bool      // the timer is in the past, and timer is where it was
}

// want moves the timer if it would come too late.
func (d *deadline) want(t time.Time) error {
	if sooner(d.last, t) {
		t = d.last
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.wanted = t
	switch {
	case !t.IsZero() && t.Before(d.begin): // wakes whoever reads, and is taken back at once
		d.interrupted = true
		return d.set(t)
	case sooner(t, d.timer):
		d.timer = t
	case !d.interrupted:
		return nil
	}
	d.interrupted = false
	return d.set(d.timer)
}

// putOff reports whether err says that the timer has fired before what is wanted,
// and has moved it then: the call is to be made again.
func (d *deadline) putOff(err error) bool {
	if !errors.Is(err, os.ErrDeadlineExceeded) {
		return false
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.wanted.IsZero() && !time.Now().Before(d.wanted) {
		return false
	}
	d.timer = d.wanted
	return d.set(d.timer) == nil
}

// sooner reports whether deadline a comes before b.
func sooner(a, b time.Time) bool {
	return !a.IsZero() && (b.IsZero() || a.Before(b))
}
