package listen

import (
	"errors"
	"net"
	"os"
	"sync"
	"time"
)

// deadlineConn keeps its deadlines itself. net/http sets seven of them for each
// request, nearly all to postpone the one before, and a small request costs five
// percent more if each of them resets a timer of the runtime. Here the timer is
// reset only if it would fire too late; when it fires early, it is reset to the
// deadline that has been set by then.
type deadlineConn struct {
	net.Conn
	reads, writes lazyDeadline
}

// init makes c a connection of nc. No call waits beyond last, until [unlimit]; zero:
// no such limit.
func (c *deadlineConn) init(nc net.Conn, last time.Time) {
	now := time.Now()
	c.Conn = nc
	c.reads.set, c.reads.begin, c.reads.last = nc.SetReadDeadline, now, last
	c.writes.set, c.writes.begin, c.writes.last = nc.SetWriteDeadline, now, last
	_ = c.SetDeadline(time.Time{}) // fails only if reading fails too
}

// unlimit removes the limit of the deadlines.
func (c *deadlineConn) unlimit() {
	c.reads.unlimit()
	c.writes.unlimit()
}

func (c *deadlineConn) Read(p []byte) (int, error) {
	for {
		n, err := c.Conn.Read(p)
		if err == nil || n > 0 || !c.reads.extend(err) {
			return n, err
		}
	}
}

func (c *deadlineConn) Write(p []byte) (n int, err error) {
	for {
		m, err := c.Conn.Write(p[n:])
		n += m
		if err == nil || !c.writes.extend(err) {
			return n, err
		}
	}
}

// CloseWrite closes the sending side. net/http uses it to end a connection that may
// still have unread input.
func (c *deadlineConn) CloseWrite() error { return closeWrite(c.Conn) }

func closeWrite(c net.Conn) error {
	if c, ok := c.(interface{ CloseWrite() error }); ok {
		return c.CloseWrite()
	}
	return errors.ErrUnsupported
}

func (c *deadlineConn) SetReadDeadline(t time.Time) error  { return c.reads.setTo(t) }
func (c *deadlineConn) SetWriteDeadline(t time.Time) error { return c.writes.setTo(t) }

func (c *deadlineConn) SetDeadline(t time.Time) error {
	return errors.Join(c.reads.setTo(t), c.writes.setTo(t))
}

// lazyDeadline is when reading or writing ends. The zero time means never.
type lazyDeadline struct {
	set   func(time.Time) error // resets the timer
	begin time.Time             // of the connection

	mu          sync.Mutex
	last        time.Time // limits deadline; zero: no limit
	deadline    time.Time
	timer       time.Time // when the timer fires: not later than deadline
	interrupted bool      // the timer was set into the past, and timer is its earlier value
}

// setTo sets the deadline, and resets the timer if it would fire too late.
func (d *lazyDeadline) setTo(t time.Time) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.deadline = t
	t = d.effective()
	switch {
	case !t.IsZero() && t.Before(d.begin): // interrupts a blocked call; net/http restores the deadline at once
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

// extend reports whether err means that the timer fired before the deadline. Then it
// has reset the timer, and the call has to be repeated.
func (d *lazyDeadline) extend(err error) bool {
	if !errors.Is(err, os.ErrDeadlineExceeded) {
		return false
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	t := d.effective()
	if !t.IsZero() && !time.Now().Before(t) {
		return false
	}
	d.timer = t
	return d.set(d.timer) == nil
}

// effective is the deadline within its limit; d.mu is held.
func (d *lazyDeadline) effective() time.Time {
	if sooner(d.last, d.deadline) {
		return d.last
	}
	return d.deadline
}

func (d *lazyDeadline) unlimit() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.last = time.Time{} // the timer is reset when it fires
}

// sooner reports whether deadline a comes before b.
func sooner(a, b time.Time) bool {
	return !a.IsZero() && (b.IsZero() || a.Before(b))
}
