package wsserver

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/taskctl/taskctl/pkg/eventlog"
	"github.com/taskctl/taskctl/pkg/message"
	"github.com/taskctl/taskctl/pkg/task"
)

// hub is the connected clients and the stream of events that they follow. It is
// the follower's sink.
type hub struct {
	config  Config
	log     task.Log
	logger  *slog.Logger
	lang    message.Lang
	shards  []*shard
	catchup *catchup
	meter   *meter
	scratch scratchPool

	stream  atomic.Pointer[stream] // nil until the follower has found the log's head
	begun   chan struct{}          // closed then
	clients atomic.Int64           // admitted, or being admitted
	running sync.WaitGroup         // the clients' goroutines

	handshakes sync.WaitGroup // whose clients have been neither admitted nor dismissed yet

	mu      sync.Mutex // held to change which stream clients are on, and to let them in
	next    int        // the shard of the next client
	leaving func(nth int) (closeCode, string)
}

var _ eventlog.Sink = (*hub)(nil)

// Reset implements eventlog.Sink.
func (h *hub) Reset(head task.Position, reason task.GoneReason) {
	h.mu.Lock()
	defer h.mu.Unlock()
	next := &stream{
		epoch:   head.Epoch,
		ring:    newRing(int(h.config.RingBytes), head.Seq),
		history: &history{limit: int(h.config.RingBytes)},
	}
	if previous := h.stream.Swap(next); previous == nil {
		close(h.begun)
		return
	}
	for c := range h.all() {
		c.mu.Lock()
		if !c.closing {
			c.reset(next, head.Seq, reason)
			c.push(nil)
		}
		c.mu.Unlock()
	}
}

// Append implements eventlog.Sink.
func (h *hub) Append(events []task.Event) {
	h.stream.Load().ring.append(events)
	h.meter.received.Add(len(events))
	for _, s := range h.shards {
		s.kick()
	}
}

// all yields the clients there are.
func (h *hub) all() func(yield func(*client) bool) {
	return func(yield func(*client) bool) {
		for _, s := range h.shards {
			for _, c := range s.copyTo(nil) {
				if !yield(c) {
					return
				}
			}
		}
	}
}

// start is where a new client's stream goes on from.
type start struct {
	stream  *stream
	seq     uint64
	resumed bool
	reason  task.GoneReason // not empty: why the client cannot resume
}

// errReplaced says that the log is another one than the hub still follows.
var errReplaced = errors.New("the event log has just been replaced")

// resolve finds out whether a client can go on after since; nil: it did not ask.
func (h *hub) resolve(ctx context.Context, since *task.Position) (start, error) {
	s := h.stream.Load()
	head := s.ring.head.Load()
	refused := func(reason task.GoneReason) (start, error) { return start{stream: s, seq: head, reason: reason}, nil }
	switch {
	case since == nil:
		return start{stream: s, seq: head}, nil
	case since.Epoch != "" && since.Epoch != s.epoch:
		return refused(task.GoneEpoch)
	}
	resumed := start{stream: s, seq: since.Seq, resumed: true}
	if since.Seq <= head && since.Seq+1 >= s.ring.first() {
		return resumed, nil
	}
	first, logHead, err := h.log.Bounds(ctx) // which may be ahead of what arrives live
	switch {
	case err != nil:
		return start{}, err
	case logHead.Epoch != s.epoch:
		return start{}, errReplaced
	case since.Seq > logHead.Seq:
		return refused(task.GoneAhead)
	case since.Seq+1 < first:
		return refused(task.GoneTooOld)
	}
	return resumed, nil
}

// reserve takes a place for one more client, or reports that all are taken.
func (h *hub) reserve() bool {
	if h.clients.Add(1) <= int64(h.config.MaxClients) {
		return true
	}
	h.clients.Add(-1)
	h.meter.refused.Inc()
	return false
}

// release gives back what reserve took.
func (h *hub) release() { h.clients.Add(-1) }

// sendBuffer bounds what the kernel holds for a client that does not read, in
// bytes. The kernel alone would let it grow to megabytes, for each.
const sendBuffer = 256 << 10

// admit makes a connection a client, and serves it in a goroutine of its own.
// Its place has been reserved.
func (h *hub) admit(conn net.Conn, f *filter, at start) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.leaving != nil {
		h.dismiss(conn)
		return
	}
	if current := h.stream.Load(); current != at.stream { // replaced since at was found
		asked := at.resumed || at.reason != ""
		at = start{stream: current, seq: current.ring.head.Load()}
		if asked {
			at.reason = task.GoneEpoch
		}
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetWriteBuffer(sendBuffer) // only a hint
	}
	s := h.shards[h.next%len(h.shards)]
	h.next++
	now, r := s.now(), s.rhythm
	c := &client{
		hub: h, shard: s, conn: conn, sock: newSocket(conn, h.config.Timeout), filter: f,
		stream: at.stream, cursor: at.seq, told: at.seq, toldAt: now,
		pingDue: now + r.ping - tick(h.next)%(r.ping/2+1), // those who come together are not pinged together
	}
	c.out = appendWelcome(nil, welcome{
		Message: h.lang.ClientConnected(), Clients: int(h.clients.Load()),
		Seq: at.seq, Epoch: at.stream.epoch, Resumed: at.resumed,
	})
	if at.reason != "" {
		c.reset(at.stream, at.seq, at.reason)
	}
	s.add(c)
	h.running.Add(1)
	go c.serve()
	c.kick()
	h.logger.Info("client connected", "remote", conn.RemoteAddr().String(), "clients", h.clients.Load())
}

// dismiss sends away a connection that came while the server leaves.
func (h *hub) dismiss(conn net.Conn) {
	code, text := h.leaving(0)
	_ = conn.SetWriteDeadline(time.Now().Add(h.config.CloseTimeout))
	_, _ = conn.Write(appendClose(nil, code, text)) // it comes back whether it reads this or not
	_ = conn.Close()
	h.release()
}

// closeSpacing is how much more time to answer a close frame each client gets
// than the one before: the frames go out one after another.
const closeSpacing = 100 * time.Microsecond

// leave tells every client why it has to go, and waits until all have gone; ctx
// bounds that.
func (h *hub) leave(ctx context.Context, why func(nth int) (closeCode, string)) {
	h.mu.Lock()
	h.leaving = why
	h.mu.Unlock()
	nth := 0
	for c := range h.all() {
		code, text := why(nth)
		c.close(code, text, h.config.CloseTimeout+time.Duration(nth)*closeSpacing)
		nth++
	}
	stop := context.AfterFunc(ctx, func() {
		for c := range h.all() {
			c.cut()
		}
	})
	defer stop()
	h.running.Wait()
}
