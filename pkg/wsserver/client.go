package wsserver

import (
	"bytes"
	"crypto/tls"
	"net"
	"sync"
	"time"

	"taskctl/pkg/access"
	"taskctl/pkg/task"
)

// due is a set of frames, other than events, that have to be sent to a client.
type due uint8

const (
	dueReset due = 1 << iota
	duePong
	duePing
	dueHeartbeat
	dueClose
)

// client is one connection. It has no queue, only a cursor in the stream: it still
// has to receive the events between its cursor and the head.
type client struct {
	hub    *hub
	shard  *shard
	index  int // in the shard's list, guarded by the shard's lock
	conn   net.Conn
	sock   socket
	caller *access.Identity // checked again when tokens change; nil: never
	filter *filter          // nil: every event

	mu      sync.Mutex // guards the fields below; never held during a blocking call
	stream  *stream
	cursor  uint64 // seq of the last event that was sent or filtered out
	prevSeq uint64 // with a filter: the last seq that was sent to the client

	out  []byte // sent first: the rest of a frame that was sent in part, then whole frames
	due  due    // encoded when out is empty
	pong []byte // payload for duePong

	resetReason task.GoneReason // for dueReset
	closeCode   closeCode       // for dueClose, like closeText
	closeText   string

	blocked   bool // the socket is full, and drain waits until it is writable
	loading   bool // the log is being read for this client
	exactRead bool // the next read has to begin at the cursor
	slow      bool // it had a backlog since it last answered a ping
	stalled   bool // it acknowledged nothing between two checks while blocked
	reading   bool // it acknowledged more after that, so it does read
	closing   bool // a close frame is due or was sent; no frame follows it
	closed    bool

	messageAt  tick // when the last message was sent
	acceptedAt tick // while blocked: when bytes were last accepted or acknowledged
	pingSentAt tick // when the unanswered ping was sent; 0: every ping was answered
	nextPingAt tick

	ackedBytes uint64 // as of the last call of progressed
}

// sendPending sends everything that is pending, unless a goroutine of the client
// does so already.
func (c *client) sendPending() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.sendLocked(nil)
}

// sendLocked sends until the socket is full; then drain sends the rest in a goroutine
// of its own. c.mu is held.
func (c *client) sendLocked(hint *segment) {
	if !c.blocked && c.flush(hint) {
		c.blocked = true
		c.acceptedAt = c.shard.now()
		c.hub.clientLoops.Go(c.drain)
	}
}

// drain sends whenever the socket is writable, until it is no longer full.
func (c *client) drain() {
	for full := true; full; {
		err := c.sock.waitWritable()
		c.mu.Lock()
		if err != nil {
			c.closeConn()
		}
		full = c.flush(nil)
		c.blocked = full
		c.mu.Unlock()
	}
}

// flush sends until the cursor is at the head and returns false, or until the
// socket is full and returns true. The same loop sends new events and those that
// were read from the log, of which hint holds some. c.mu is held.
func (c *client) flush(hint *segment) (full bool) {
	for !c.closed && !full {
		if len(c.out) == 0 && c.due != 0 {
			c.encodeDue()
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
			full, err = c.sendEvents(seg.from(c.cursor + 1))
		}
		if err != nil {
			c.closeConn()
		}
	}
	return full
}

// encodeDue appends the frames that are due to c.out.
func (c *client) encodeDue() {
	due := c.due
	c.due = 0
	if due&dueReset != 0 {
		c.out = appendReset(c.out, c.resetReason, c.cursor)
		c.prevSeq, c.messageAt = c.cursor, c.shard.now()
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
		c.prevSeq, c.messageAt = c.cursor, c.shard.now()
	}
	if due&dueClose != 0 {
		c.out = appendClose(c.out, c.closeCode, c.closeText)
	}
}

func (c *client) sendOut() (full bool, err error) {
	n, full, err := c.sock.tryWrite(c.out)
	c.noteAccepted(n)
	if c.out = c.out[n:]; len(c.out) == 0 {
		c.out = nil
	}
	return full, err
}

func (c *client) sendEvents(r frameRange) (full bool, err error) {
	if c.filter != nil {
		return c.sendFiltered(r)
	}
	frames := r.frames()
	n, full, err := c.sock.tryWrite(frames)
	c.noteAccepted(n)
	if n == len(frames) {
		c.cursor = r.last()
		c.delivered(len(r.entries))
		return full, err
	}
	if n > 0 {
		i, rest := r.split(n)
		c.cursor = r.first + uint64(i)
		c.out = bytes.Clone(rest)
		c.delivered(i + 1)
	}
	return full, err
}

// delivered counts events that were sent with one write.
func (c *client) delivered(events int) {
	c.messageAt = c.shard.now()
	c.shard.events.Add(uint64(events))
	c.shard.writes.Add(1)
}

// noteAccepted records that the socket accepted n bytes. It counts as an answer to
// a ping, because the pong may come only after megabytes of events.
func (c *client) noteAccepted(n int) {
	if n == 0 {
		return
	}
	c.acceptedAt = c.shard.now()
	if c.blocked && c.pingSentAt != 0 {
		c.pingSentAt = c.acceptedAt
	}
}

// loaded delivers the result of a read of the log: a segment, or the error that
// this part of the log is gone.
func (c *client) loaded(key readKey, seg *segment, gone *task.GoneError) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.loading = false
	if c.stream == key.stream && !c.closing {
		missed := seg == nil || !seg.holds(c.cursor+1)
		if missed && gone != nil && key.after == c.cursor {
			c.reset(c.stream, gone.Head.Seq, gone.Reason)
		}
		// A shared read begins before this client's cursor. If it begins before the
		// log, or ends before the cursor, the client requests a read of its own.
		c.exactRead = missed && key.after != c.cursor
	}
	if c.stream != key.stream {
		seg = nil
	}
	c.sendLocked(seg)
}

// reset continues the client after seq of the stream and makes a reset message due.
// c.mu is held.
func (c *client) reset(s *stream, seq uint64, reason task.GoneReason) {
	c.stream, c.cursor = s, seq
	c.resetReason = reason
	c.due |= dueReset
	c.hub.meter.resets.Inc()
}

// handleControl records that the peer is alive, and answers a ping.
func (c *client) handleControl(opcode byte, payload []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.pingSentAt, c.slow, c.stalled, c.reading = 0, false, false, false
	if opcode == opPing && !c.closing {
		c.pong = bytes.Clone(payload) // only the latest ping has to be answered (RFC 6455 §5.5.3)
		c.due |= duePong
		c.sendLocked(nil)
	}
}

// close sends a close frame, and closes the connection if the client has not
// answered within the timeout. If the connection is closing already, close does
// nothing and returns false.
func (c *client) close(code closeCode, text string, timeout time.Duration) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closing || c.closed {
		return false
	}
	c.startClosing(code, text, timeout)
	return true
}

// startClosing is close with c.mu held.
func (c *client) startClosing(code closeCode, text string, timeout time.Duration) {
	c.closing = true
	c.closeCode, c.closeText = code, text
	c.due = c.due&duePong | dueClose
	// The reader waits for the answer, and closes the connection at the deadline.
	_ = c.conn.SetReadDeadline(time.Now().Add(timeout))
	c.sendLocked(nil)
}

// abort closes the connection without a close frame.
func (c *client) abort() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closeConn()
}

// closeConn closes the connection. The reader then removes the client from its
// shard. c.mu is held.
func (c *client) closeConn() {
	if !c.closed {
		c.closed = true
		c.out, c.due = nil, 0
		_ = closeNow(c.conn)
	}
}

// closeNow closes a connection without the closing alert of TLS, because sending it
// would block if the client accepts no bytes.
func closeNow(conn net.Conn) error {
	if secured, ok := conn.(*tls.Conn); ok {
		conn = secured.NetConn()
	}
	return conn.Close()
}
