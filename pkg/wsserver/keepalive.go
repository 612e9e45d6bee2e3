package wsserver

import "time"

// slowCloseTimeout is how long a client that answered no ping has to answer the
// close frame.
const slowCloseTimeout = time.Second

// A client that reads slowly is not closed. Its progress is measured by the bytes that
// its kernel has acknowledged, because the socket may accept no more bytes for much
// longer. Even acknowledgements come rarely: a receiver reopens its TCP window only
// when much of its buffer is free. On Linux with the default buffer that is after 60 KB
// at first and 130 KB later, or 31 and 66 s at 2,000 bytes a second. The client has not
// read all acknowledged bytes yet, so its answer to a ping behind them takes as long.
const (
	acceptFactor = 1.25 // times Timeout, for the first acknowledgement after the socket is full
	slowFactor   = 4    // times Timeout, for the next ones, and for a slow client to answer a ping
)

// progressed reports whether the client has acknowledged bytes since the last call.
// c.mu is held.
func (c *client) progressed() bool {
	_, acked := c.sock.progress()
	advanced := acked != c.ackedBytes
	c.ackedBytes = acked
	return advanced
}

func (c *client) pingTimeout() tick {
	if c.slow {
		return c.shard.intervals.slow
	}
	return c.shard.intervals.timeout
}

func (c *client) acceptTimeout() tick {
	if c.reading {
		return c.shard.intervals.slow
	}
	return c.shard.intervals.accept
}

// checkTimeouts runs once per tick. It sends a ping or a heartbeat when it is due,
// and closes a client that accepts no bytes or answers no ping.
func (c *client) checkTimeouts(now tick) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.closed || c.closing:
	case c.blocked:
		c.slow = true
		if c.progressed() {
			c.acceptedAt, c.reading = now, c.reading || c.stalled
		} else {
			c.stalled = true
		}
		if now-c.acceptedAt > c.acceptTimeout() {
			c.hub.meter.slowCloses.Inc()
			c.hub.connLog.info("client closed: no bytes accepted", "remote", c.conn.RemoteAddr().String())
			c.closeConn() // the socket is full, so no close frame can be sent
		}
	case c.pingSentAt != 0 && c.slow && c.progressed():
		c.pingSentAt = now // the ping comes after what the client still has to read
	case c.pingSentAt != 0 && now-c.pingSentAt > c.pingTimeout():
		c.hub.meter.slowCloses.Inc()
		c.hub.connLog.info("client closed: ping not answered", "remote", c.conn.RemoteAddr().String())
		c.startClosing(closeTooSlow, "ping not answered", slowCloseTimeout)
	default:
		if c.pingSentAt == 0 && now >= c.nextPingAt {
			c.pingSentAt, c.nextPingAt = now, now+c.shard.intervals.ping
			c.due |= duePing
			backlog, _ := c.sock.progress()
			c.slow = c.slow || backlog
		}
		if now-c.messageAt >= c.shard.intervals.heartbeat && !c.loading {
			c.due |= dueHeartbeat
		}
		c.sendLocked(nil)
	}
}
