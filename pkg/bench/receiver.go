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
// event: that is the promise of order and completeness.
type receiver struct {
	conn           net.Conn
	frames         scanner
	readBufferPool *readBufferPool
	readBuffer     *readBuffer // only while reading
	now            time.Time   // when the current chunk was read
	epoch          time.Time   // reference for the time stamps in events
	sample         uint64      // the time stamp of one in sample events is read; a power of two

	afterWelcome []byte        // bytes received after the welcome
	start        uint64        // seq of the welcome
	seq          uint64        // of the last event
	last         atomic.Uint64 // copy of seq for other goroutines, updated per chunk
	lastAt       time.Time     // when the last event arrived
	received     uint64
	lost         uint64 // missing numbers
	repeated     uint64 // numbers not above the previous one
	resets       uint64
	closed       atomic.Bool // it has stopped reading
	err          error       // why it stopped; nil after close
}

var errClosed = errors.New("closed by the server")

// connect opens a connection and reads the welcome.
func (r *receiver) connect(ctx context.Context, e *endpoint, path string) error {
	conn, err := e.dial(ctx)
	if err != nil {
		return err
	}
	r.conn = conn
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	defer stop()
	if err := r.handshake(e, path); err != nil {
		return errors.Join(fmt.Errorf("subscribe at %s: %w", e.url.Redacted(), err), conn.Close())
	}
	return nil
}

// handshakeKey is the example of RFC 6455 §1.3. A random key would only matter
// with proxies in between.
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
	readBuffer := <-r.readBufferPool.free
	defer func() { r.readBufferPool.free <- readBuffer }()
	reader := answerReader{src: r.conn, buf: readBuffer.chunk, bodyStart: make([]byte, 0, maxErrorBody)}
	var a answer
	if err := reader.read(&a); err != nil {
		return err
	}
	if a.status != http.StatusSwitchingProtocols {
		return fmt.Errorf("status %d: %s", a.status, problemText(reader.bodyStart))
	}
	welcomed := false
	first := func(_ byte, payload []byte) error {
		seq, ok := seqOf(payload)
		if welcomed = ok && bytes.HasPrefix(payload, []byte(`{"type":"connected"`)); !welcomed {
			return fmt.Errorf("%w: the first message is not a welcome: %.60q", errFrame, payload)
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
			r.afterWelcome = rest[size:]
			break
		}
		n, err := r.conn.Read(readBuffer.chunk)
		if err != nil {
			return err
		}
		rest = append(rest, readBuffer.chunk[:n]...)
	}
	return r.conn.SetDeadline(time.Time{})
}

// scan processes a chunk that was read at r.now into r.buffer.
func (r *receiver) scan(chunk []byte) error {
	err := r.frames.feed(chunk, r.handleFrame)
	r.last.Store(r.seq)
	return err
}

func (r *receiver) handleFrame(opcode byte, payload []byte) error {
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
	r.readBuffer.events++
	r.readBuffer.bytes += uint64(len(payload))
	r.lastAt = r.now
	if seq <= r.seq {
		r.repeated++
		return nil
	}
	r.lost += seq - r.seq - 1
	r.seq = seq
	if seq&(r.sample-1) == 0 {
		if at, ok := findStamp(payload); ok {
			r.readBuffer.latency.record(r.now.Sub(r.epoch) - at)
		}
	}
	return nil
}

// seqOf returns the seq of an event, welcome, heartbeat or reset. In events it is
// the last member.
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

// receive reads until the connection ends or is closed.
func (r *receiver) receive() {
	r.readBuffer, r.now = <-r.readBufferPool.free, time.Now()
	r.err = r.scan(r.afterWelcome)
	r.readBufferPool.free <- r.readBuffer
	if r.afterWelcome = nil; r.err == nil {
		r.err = r.drain()
	}
	if errors.Is(r.err, net.ErrClosed) {
		r.err = nil
	}
	r.closed.Store(true)
	_ = r.conn.Close()
}

// drainBuffered reads into a buffer of its own: for connections on which waiting
// and reading cannot be separated, such as TLS.
func (r *receiver) drainBuffered() error {
	buf := make([]byte, 16<<10)
	for {
		n, err := r.conn.Read(buf)
		if err != nil {
			return err
		}
		r.now = time.Now()
		r.readBuffer = <-r.readBufferPool.free
		err = r.scan(buf[:n])
		r.readBufferPool.free <- r.readBuffer
		if err != nil {
			return err
		}
	}
}
