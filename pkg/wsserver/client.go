package wsserver

import (
	"bytes"
	"net"
	"sync"
	"time"

	"github.com/taskctl/taskctl/pkg/task"
)

// due is what a client is owed besides events.
type due uint8

const (
	dueReset due = 1 << iota
	duePong
	duePing
	dueHeartbeat
	dueClose
)

// client is one connection. It has no queue, only a place in the stream: what
// lies between that and the head is what it still has to get.
type client struct {
	hub    *hub
	shard  *shard
	place  int // in the shard's list, and guarded by its lock
	conn   net.Conn
	sock   socket
	filter *filter // nil: every event

	mu     sync.Mutex // guards the rest; never held while waiting
	stream *stream
	cursor uint64 // every event up to here was sent, or filtered out
	told   uint64 // with a filter: the last seq the client knows of

	out    []byte // goes first: the rest of a frame the socket took part of, then whole frames
	due    due    // made into frames when out is empty
	pong   []byte // payload for duePong
	reason task.GoneReason
	status closeCode
	text   string

	waiting bool // a goroutine waits for the socket to take more
	loading bool // the log is being read for it
	exact   bool // the next read is to begin at the cursor
	closing bool // a close frame is due or was sent: nothing follows it
	ended   bool

	toldAt  tick // when the client got a message last
	tookAt  tick // when the socket took bytes last, while waiting
	pingAt  tick // when a ping was sent that is not answered yet; 0: none is
	pingDue tick
}

// kick sends what there is to send, unless somebody is at it already.
func (c *client) kick() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.push(nil)
}

// push sends, and leaves what the socket does not take to a goroutine that lives
// as long as the socket is full. c.mu is held.
func (c *client) push(hint *segment) {
	if !c.waiting && c.flush(hint) {
		c.waiting = true
		c.tookAt = c.shard.now()
		c.hub.running.Go(c.drain)
	}
}

func (c *client) drain() {
	for full := true; full; {
		err := c.sock.wait()
		c.mu.Lock()
		if err != nil {
			c.end()
		}
		full = c.flush(nil)
		c.waiting = full
		c.mu.Unlock()
	}
}

// flush sends until the client is level with the head, and then returns false;
// true when the socket is full. Live events and those that had to be read from
// the log, hint among them, go out in the same loop. c.mu is held.
func (c *client) flush(hint *segment) (full bool) {
	for !c.ended && !full {
		if len(c.out) == 0 && c.due != 0 {
			c.announce()
		}
		var err error
		if len(c.out) > 0 {
			full, err = c.sendOut()
		} else {
			if c.closing || c.loading {
				return false
			}
			seg := hint
			if seg == nil || !seg.holds(c.cursor+1) {
				var missing bool
				if seg, missing = c.stream.find(c.cursor + 1); missing {
					c.loading = true
					c.hub.catchup.request(c)
				}
				if seg == nil {
					return false
				}
			}
			full, err = c.send(seg.from(c.cursor + 1))
		}
		if err != nil {
			c.end()
		}
	}
	return full
}

// announce turns what is due into frames.
func (c *client) announce() {
	due := c.due
	c.due = 0
	if due&dueReset != 0 {
		c.out = appendReset(c.out, c.reason, c.cursor)
		c.told, c.toldAt = c.cursor, c.shard.now()
	}
	if due&duePong != 0 {
		c.out = appendFrame(c.out, opPong, c.pong)
		c.pong = nil
	}
	if due&duePing != 0 {
		c.out = appendFrame(c.out, opPing, nil)
	}
	if due&dueHeartbeat != 0 {
		c.out = appendHeartbeat(c.out, c.cursor)
		c.told, c.toldAt = c.cursor, c.shard.now()
	}
	if due&dueClose != 0 {
		c.out = appendClose(c.out, c.status, c.text)
	}
}

func (c *client) sendOut() (full bool, err error) {
	n, full, err := c.sock.try(c.out)
	c.took(n)
	if c.out = c.out[n:]; len(c.out) == 0 {
		c.out = nil
	}
	return full, err
}

func (c *client) send(r run) (full bool, err error) {
	if c.filter != nil {
		return c.sendFiltered(r)
	}
	frames := r.frames()
	n, full, err := c.sock.try(frames)
	c.took(n)
	if n == len(frames) {
		c.cursor = r.last()
		c.delivered(len(r.entries))
		return full, err
	}
	if n > 0 {
		i, rest := r.cut(n)
		c.cursor = r.first + uint64(i)
		c.out = bytes.Clone(rest)
		c.delivered(i + 1)
	}
	return full, err
}

// delivered notes that events went out with one write.
func (c *client) delivered(events int) {
	c.toldAt = c.shard.now()
	c.shard.events.Add(uint64(events))
	c.shard.writes.Add(1)
}

// took notes that the socket took n bytes: a sign of life of a peer whose pong
// may stand behind megabytes.
func (c *client) took(n int) {
	if n == 0 {
		return
	}
	c.tookAt = c.shard.now()
	if c.waiting && c.pingAt != 0 {
		c.pingAt = c.tookAt
	}
}

// loaded brings what was asked of the log: a segment, or the news that this
// history is gone.
func (c *client) loaded(key loadKey, seg *segment, gone *task.GoneError) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.loading = false
	if c.stream == key.stream && !c.closing {
		missed := seg == nil || !seg.holds(c.cursor+1)
		if missed && gone != nil && key.after == c.cursor {
			c.reset(c.stream, gone.Head.Seq, gone.Reason)
		}
		// A read that many share begins before this client's place. It may begin
		// before the log does, or end too early: then the client asks for its own.
		c.exact = missed && key.after != c.cursor
	}
	if c.stream != key.stream {
		seg = nil
	}
	c.push(seg)
}

// reset has the client told that its stream goes on after seq. c.mu is held.
func (c *client) reset(s *stream, seq uint64, reason task.GoneReason) {
	c.stream, c.cursor = s, seq
	c.reason = reason
	c.due |= dueReset
	c.hub.meter.resets.Inc()
}

// heard notes a sign of life, and answers a ping with the payload.
func (c *client) heard(opcode byte, payload []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.pingAt = 0
	if opcode == opPing && !c.closing {
		c.pong = bytes.Clone(payload) // of the latest ping only (RFC 6455 §5.5.3)
		c.due |= duePong
		c.push(nil)
	}
}

// close tells the client why, and gives it so long to answer. It does nothing and
// returns false when the connection is closing already.
func (c *client) close(code closeCode, text string, patience time.Duration) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closing || c.ended {
		return false
	}
	c.startClosing(code, text, patience)
	return true
}

// startClosing is close with c.mu held.
func (c *client) startClosing(code closeCode, text string, patience time.Duration) {
	c.closing = true
	c.status, c.text = code, text
	c.due = c.due&duePong | dueClose
	// The reader, which waits for the answer, ends the connection then.
	_ = c.conn.SetReadDeadline(time.Now().Add(patience))
	c.push(nil)
}

// cut ends the connection without another word.
func (c *client) cut() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.end()
}

// end cuts the connection. The reader notices and takes the client off the hub.
// c.mu is held.
func (c *client) end() {
	if !c.ended {
		c.ended = true
		c.out, c.due = nil, 0
		_ = c.conn.Close()
	}
}
