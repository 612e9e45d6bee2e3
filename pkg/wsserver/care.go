package wsserver

import "time"

// lastWords is how long a client that was too slow gets to take its close frame.
const lastWords = time.Second

// check looks after a client once per tick: it says something to one that has
// heard nothing for long, and gives up one that takes or answers nothing.
func (c *client) check(now tick) {
	c.mu.Lock()
	defer c.mu.Unlock()
	r := c.shard.rhythm
	switch {
	case c.ended || c.closing:
	case c.waiting:
		if now-c.tookAt > r.timeout {
			c.hub.meter.slowCloses.Inc()
			c.hub.logger.Info("client takes nothing; closed", "remote", c.conn.RemoteAddr().String())
			c.end() // there is no room left to tell it why
		}
	case c.pingAt != 0 && now-c.pingAt > r.timeout:
		c.hub.meter.slowCloses.Inc()
		c.hub.logger.Info("client answers no ping; closed", "remote", c.conn.RemoteAddr().String())
		c.startClosing(closeTooSlow, "no answer to a ping", lastWords)
	default:
		if c.pingAt == 0 && now >= c.pingDue {
			c.pingAt, c.pingDue = now, now+r.ping
			c.due |= duePing
		}
		if now-c.toldAt >= r.heartbeat && !c.loading {
			c.due |= dueHeartbeat
		}
		c.push(nil)
	}
}
