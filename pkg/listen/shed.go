package listen

import "time"

// Established connections are closed to make room for others only if the client
// has been silent this long: in the middle of a request's body, or between two
// requests.
const (
	minReceiving = 250 * time.Millisecond
	minIdle      = 10 * time.Second
)

const (
	// maxUnreadWait bounds how long accepting waits for the server to read what its
	// pending connections have sent.
	maxUnreadWait = 250 * time.Millisecond
	// maxUnreadLooks bounds the connections that are looked at to find one to close.
	maxUnreadLooks = 16
)

// logInterval is the minimum time between two log lines of one kind.
const logInterval = time.Minute

// awaitRoom waits while there are too many pending connections, and those to be closed
// next have sent something that this server has not read yet: it is then the server
// that is late, and not the client. It ends early when done is closed.
func (p *pool) awaitRoom(done <-chan struct{}) {
	pollUntil(p.hasRoom, maxUnreadWait, done)
}

// hasRoom reports whether one more connection can be accepted without closing one that
// has sent something unread.
func (p *pool) hasRoom() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.pending.len < p.limit.pending(p.established) || oldestRead(&p.pending) != nil
}

// oldestRead returns the oldest connection of a list of which everything that it has
// sent has been read; nil: there is none among the first. The pool's lock is held.
func oldestRead(list *connList) *conn {
	c := list.first
	for range maxUnreadLooks {
		if c == nil || !c.hasUnread() {
			return c
		}
		c = c.next
	}
	return nil
}

// logShed logs, at most once per logInterval, that there are too many pending
// connections; p.mu is held.
func (p *pool) logShed(now time.Time) {
	if now.Sub(p.loggedShed) >= logInterval {
		p.loggedShed = now
		p.logger.Warn("too many connections without a complete request: the oldest are closed", "limit", p.limit.pending(p.established))
	}
}

// takeIncomplete removes the oldest connection without a whole request; nil: there
// is none. p.mu is held.
func (p *pool) takeIncomplete() *conn {
	first := p.pending.first
	if c := p.receiving.first; c != nil && (first == nil || c.since.Before(first.since)) {
		if c := p.takeReceiving(); c != nil {
			return c
		}
	}
	if c := oldestRead(&p.pending); c != nil {
		p.forget(c)
		return c
	}
	return p.takeOldest(&p.pending, 0)
}

// takeReceiving removes the oldest connection that has been silent in the middle of a
// request's body; nil: there is none. p.mu is held.
func (p *pool) takeReceiving() *conn {
	c := oldestRead(&p.receiving)
	if c == nil || time.Since(c.since) < minReceiving {
		return nil
	}
	p.forget(c)
	return c
}

// takeOldest removes the oldest connection that has been on a list for at least
// age; nil: there is none. p.mu is held.
func (p *pool) takeOldest(list *connList, age time.Duration) *conn {
	c := list.first
	if c == nil || age > 0 && time.Since(c.since) < age {
		return nil
	}
	p.forget(c)
	return c
}

// turnAway closes a connection that takeIncomplete has removed; nil: does nothing. The
// client is told 503, also if it has not sent anything: its request may be on its way.
func (p *pool) turnAway(c *conn) {
	if c == nil {
		return
	}
	if tcp := Transport(c); tcp != nil && p.busy != nil && !c.refused.Load() {
		writeAtOnce(tcp, p.busy)
	}
	c.abort()
}
