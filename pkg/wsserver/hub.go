package wsserver

import (
	"context"
	"errors"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"taskctl/pkg/access"
	"taskctl/pkg/eventlog"
	"taskctl/pkg/listen"
	"taskctl/pkg/message"
	"taskctl/pkg/task"
)

// hub holds the connected clients and the stream of events that they follow. It
// receives the events from the follower.
type hub struct {
	config  Config
	log     task.Log
	connLog *connLog
	lang    message.Lang
	shards  []*shard
	catchup *catchup
	meter   *meter
	scratch scratchPool

	stream      atomic.Pointer[stream] // nil until the follower has found the head of the log
	ready       chan struct{}          // closed when stream is set
	clients     atomic.Int64           // admitted, or about to be
	clientLoops sync.WaitGroup         // the goroutines of the clients

	handshakes sync.WaitGroup // in progress: the client is neither admitted nor turned away yet

	mu          sync.Mutex // held to replace the stream of the clients, and to admit a client
	nextShard   int        // the shard of the next client
	closeReason func(nth int) (closeCode, string)
}

var _ eventlog.Sink = (*hub)(nil)

// Reset implements eventlog.Sink.
func (h *hub) Reset(head task.Position, reason task.GoneReason) {
	h.mu.Lock()
	defer h.mu.Unlock()
	next := &stream{
		epoch: head.Epoch,
		ring:  newRing(int(h.config.RingBytes), head.Seq),
		cache: &segmentCache{limit: int(h.config.RingBytes)},
	}
	if previous := h.stream.Swap(next); previous == nil {
		close(h.ready)
		return
	}
	for c := range h.all() {
		c.mu.Lock()
		if !c.closing {
			c.reset(next, head.Seq, reason)
			c.sendLocked(nil)
		}
		c.mu.Unlock()
	}
}

// Append implements eventlog.Sink.
func (h *hub) Append(events []task.Event) {
	h.stream.Load().ring.append(events)
	h.meter.received.Add(len(events))
	for _, s := range h.shards {
		s.notify()
	}
}

// all yields every client.
func (h *hub) all() func(yield func(*client) bool) {
	return func(yield func(*client) bool) {
		for _, s := range h.shards {
			for _, c := range s.snapshot(nil) {
				if !yield(c) {
					return
				}
			}
		}
	}
}

// startPoint is the position after which a new client gets events.
type startPoint struct {
	stream  *stream
	seq     uint64
	resumed bool
	reason  task.GoneReason // not empty: why the client cannot resume
}

// errLogReplaced means that the hub still follows an earlier log.
var errLogReplaced = errors.New("the event log has just been replaced")

// resolve finds out whether a client can resume after since; nil: it does not resume.
func (h *hub) resolve(ctx context.Context, since *task.Position) (startPoint, error) {
	s := h.stream.Load()
	head := s.ring.head.Load()
	refused := func(reason task.GoneReason) (startPoint, error) {
		return startPoint{stream: s, seq: head, reason: reason}, nil
	}
	switch {
	case since == nil:
		return startPoint{stream: s, seq: head}, nil
	case since.Epoch != "" && since.Epoch != s.epoch:
		return refused(task.GoneEpoch)
	}
	resumed := startPoint{stream: s, seq: since.Seq, resumed: true}
	if since.Seq <= head && since.Seq+1 >= s.ring.first() {
		return resumed, nil
	}
	first, logHead, err := h.log.Bounds(ctx) // the log may be ahead of the ring
	switch {
	case err != nil:
		return startPoint{}, err
	case logHead.Epoch != s.epoch:
		return startPoint{}, errLogReplaced
	case since.Seq > logHead.Seq:
		return refused(task.GoneAhead)
	case since.Seq+1 < first:
		return refused(task.GoneTooOld)
	}
	return resumed, nil
}

// reserve counts one more client, or reports that the limit is reached.
func (h *hub) reserve() bool {
	if h.clients.Add(1) <= int64(h.config.MaxClients) {
		return true
	}
	h.clients.Add(-1)
	h.meter.refused.Inc()
	return false
}

// release undoes reserve.
func (h *hub) release() { h.clients.Add(-1) }

// sendBuffer bounds the kernel's send buffer of a client, in bytes. Without it the
// kernel lets the buffer of a client that does not read grow to megabytes.
const sendBuffer = 256 << 10

// admission is a connection whose handshake is complete.
type admission struct {
	conn   net.Conn
	filter *filter
	at     startPoint
	caller *access.Identity
}

// admit makes the connection a client and starts its goroutine. The caller has
// called reserve.
func (h *hub) admit(a admission) {
	conn, at := a.conn, a.at
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closeReason != nil {
		h.turnAway(conn)
		return
	}
	if current := h.stream.Load(); current != at.stream { // replaced since resolve
		asked := at.resumed || at.reason != ""
		at = startPoint{stream: current, seq: current.ring.head.Load()}
		if asked {
			at.reason = task.GoneEpoch
		}
	}
	if tcp := listen.Transport(conn); tcp != nil {
		_ = tcp.SetWriteBuffer(sendBuffer) // the kernel may ignore it
	}
	s := h.shards[h.nextShard%len(h.shards)]
	h.nextShard++
	now, ping := s.now(), s.intervals.ping
	c := &client{
		hub: h, shard: s, conn: conn, sock: newSocket(conn), filter: a.filter, caller: a.caller,
		stream: at.stream, cursor: at.seq, prevSeq: at.seq, messageAt: now,
		nextPingAt: now + ping - tick(h.nextShard)%(ping/2+1), // clients that connect together are not pinged together
	}
	c.out = appendWelcome(nil, welcome{
		Message: h.lang.ClientConnected(), Clients: int(h.clients.Load()),
		Seq: at.seq, Epoch: at.stream.epoch, Resumed: at.resumed,
	})
	if at.reason != "" {
		c.reset(at.stream, at.seq, at.reason)
	}
	s.add(c)
	h.clientLoops.Add(1)
	go c.serve()
	c.sendPending()
	h.connLog.info("client connected", "remote", conn.RemoteAddr().String(), "clients", h.clients.Load())
}

// turnAway closes a connection whose handshake ended during the shutdown.
func (h *hub) turnAway(conn net.Conn) {
	code, text := h.closeReason(0)
	_ = conn.SetWriteDeadline(time.Now().Add(h.config.CloseTimeout))
	_, _ = conn.Write(appendClose(nil, code, text)) // without the close frame the client reconnects too
	_ = conn.Close()
	h.release()
}

// maintain frees the memory of unused segments, and bounds the log of connections,
// until ctx ends.
func (h *hub) maintain(ctx context.Context) {
	ticker := time.NewTicker(cacheIdleTime)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
			h.connLog.next()
			if s := h.stream.Load(); s != nil {
				s.cache.sweep()
			}
		case <-ctx.Done():
			return
		}
	}
}

// closeSpacing is added to the close timeout for each client before this one,
// because the close frames are sent one after another.
const closeSpacing = 100 * time.Microsecond

// shutdown closes every client with the code and text that why returns, and waits
// until all have disconnected. When ctx ends it closes the remaining connections.
func (h *hub) shutdown(ctx context.Context, why func(nth int) (closeCode, string)) {
	h.mu.Lock()
	h.closeReason = why
	h.mu.Unlock()
	nth := 0
	for c := range h.all() {
		code, text := why(nth)
		c.close(code, text, h.config.CloseTimeout+time.Duration(nth)*closeSpacing)
		nth++
	}
	stop := context.AfterFunc(ctx, func() {
		for c := range h.all() {
			c.abort()
		}
	})
	defer stop()
	h.clientLoops.Wait()
}
