package bench

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync/atomic"
	"time"
)

// receiver is one WebSocket client. It checks that seq rises by one with every
// event, which is all that the promise of order and completeness comes to.
type receiver struct {
	conn   net.Conn
	frames scanner
	desks  *desks
	desk   *desk     // while it reads
	now    time.Time // when the chunk being scanned had been read
	epoch  time.Time // what stamps count from
	sample uint64    // every so manieth event's stamp is read; a power of two

	early    []byte        // what came with the welcome
	start    uint64        // seq of the welcome
	seq      uint64        // seen last
	last     atomic.Uint64 // seq as of the last chunk, for others to look at
	lastAt   time.Time     // when an event came last
	received uint64
	lost     uint64 // numbers left out
	repeated uint64 // numbers not above the one before
	resets   uint64
	gone     atomic.Bool // it reads no more
	err      error       // why, unless it was told to
}

var errClosed = errors.New("closed by the server")

// join opens a connection and reads up to its welcome.
func (r *receiver) join(ctx context.Context, e *endpoint, path string) error {
	conn, err := e.dial(ctx)
	if err != nil {
		return err
	}
	r.conn = conn
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	defer stop()
	if err := r.handshake(e, path); err != nil {
		return errors.Join(fmt.Errorf("join %s: %w", e.url.Redacted(), err), conn.Close())
	}
	return nil
}

// handshakeKey is the example of RFC 6455 §1.3: the server has to answer to it,
// but nothing depends on its being random on a connection without proxies.
const handshakeKey = "dGhlIHNhbXBsZSBub25jZQ=="

func (r *receiver) handshake(e *endpoint, path string) error {
	if err := r.conn.SetDeadline(time.Now().Add(dialTimeout)); err != nil {
		return err
	}
	request := fmt.Appendf(nil, "GET %s HTTP/1.1\r\nHost: %s\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"+
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: %s\r\n", path, e.url.Host, handshakeKey)
	if e.token != "" {
		request = fmt.Appendf(request, "Authorization: Bearer %s\r\n", e.token)
	}
	if _, err := r.conn.Write(append(request, "\r\n"...)); err != nil {
		return err
	}
	desk := <-r.desks.free
	defer func() { r.desks.free <- desk }()
	reader := answerReader{src: r.conn, buf: desk.chunk, keep: make([]byte, 0, kept)}
	var a answer
	if err := reader.read(&a); err != nil {
		return err
	}
	if a.status != http.StatusSwitchingProtocols {
		return fmt.Errorf("status %d: %s", a.status, reader.keep)
	}
	welcomed := false
	first := func(_ byte, payload []byte) error {
		seq, ok := seqOf(payload)
		if welcomed = ok && bytes.HasPrefix(payload, []byte(`{"type":"connected"`)); !welcomed {
			return fmt.Errorf("%w: not a welcome: %.60q", errFrame, payload)
		}
		r.start, r.seq = seq, seq
		r.last.Store(seq)
		return nil
	}
	rest := bytes.Clone(reader.rest())
	for !welcomed {
		header, size, err := measure(rest)
		if err != nil {
			return err
		}
		if header > 0 && len(rest) >= size {
			if err := first(rest[0], rest[header:size]); err != nil {
				return err
			}
			r.early = rest[size:]
			break
		}
		n, err := r.conn.Read(desk.chunk)
		if err != nil {
			return err
		}
		rest = append(rest, desk.chunk[:n]...)
	}
	return r.conn.SetDeadline(time.Time{})
}

// scan takes a chunk that was read at r.now, at r.desk.
func (r *receiver) scan(chunk []byte) error {
	err := r.frames.feed(chunk, r.take)
	r.last.Store(r.seq)
	return err
}

func (r *receiver) take(opcode byte, payload []byte) error {
	switch {
	case opcode == opText && bytes.HasPrefix(payload, []byte(`{"type":"task_`)):
		return r.event(payload)
	case opcode == opText && bytes.HasPrefix(payload, []byte(`{"type":"reset"`)):
		r.seq, _ = seqOf(payload)
		r.resets++
	case opcode == opPing:
		_, err := r.conn.Write(appendMasked(nil, opPong, payload))
		return err
	case opcode == opClose:
		if len(payload) < 2 {
			return errClosed
		}
		return fmt.Errorf("%w: %d %s", errClosed, binary.BigEndian.Uint16(payload), payload[2:])
	}
	return nil // a heartbeat
}

func (r *receiver) event(payload []byte) error {
	seq, ok := seqOf(payload)
	if !ok {
		return fmt.Errorf("%w: an event without seq: %.60q", errFrame, payload)
	}
	r.received++
	r.desk.events++
	r.desk.bytes += uint64(len(payload))
	r.lastAt = r.now
	if seq <= r.seq {
		r.repeated++
		return nil
	}
	r.lost += seq - r.seq - 1
	r.seq = seq
	if seq&(r.sample-1) == 0 {
		if at, ok := findStamp(payload); ok {
			r.desk.latency.record(r.now.Sub(r.epoch) - at)
		}
	}
	return nil
}

// seqOf returns the number in an event, welcome, heartbeat or reset. It stands
// at the end of those there are many of.
func seqOf(payload []byte) (uint64, bool) {
	const name = `"seq":`
	end := len(payload) - 1
	i := end
	for i > 0 && '0' <= payload[i-1] && payload[i-1] <= '9' {
		i--
	}
	if i == end || !bytes.HasSuffix(payload[:i], []byte(name)) {
		at := bytes.LastIndex(payload, []byte(name))
		if at < 0 {
			return 0, false
		}
		i = at + len(name)
		for end = i; end < len(payload) && '0' <= payload[end] && payload[end] <= '9'; end++ {
		}
	}
	return parseUint(payload[i:end])
}

// receive reads until the connection ends, or somebody closes it.
func (r *receiver) receive() {
	r.desk, r.now = <-r.desks.free, time.Now()
	r.err = r.scan(r.early)
	r.desks.free <- r.desk
	if r.early = nil; r.err == nil {
		r.err = r.drain()
	}
	if errors.Is(r.err, net.ErrClosed) {
		r.err = nil
	}
	r.gone.Store(true)
	_ = r.conn.Close()
}

// drainBuffered reads with a buffer of its own: for connections whose readiness
// cannot be waited for apart from reading.
func (r *receiver) drainBuffered() error {
	buf := make([]byte, 16<<10)
	for {
		n, err := r.conn.Read(buf)
		if err != nil {
			return err
		}
		r.now = time.Now()
		r.desk = <-r.desks.free
		err = r.scan(buf[:n])
		r.desks.free <- r.desk
		if err != nil {
			return err
		}
	}
}
