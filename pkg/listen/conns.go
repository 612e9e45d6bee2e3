package listen

import (
	"context"
	"net"
	"net/http"
	"sync"
	"time"
)

// conns are the connections that a server has accepted and not handed to a
// handler that hijacked them.
type conns struct {
	mu    sync.Mutex
	open  int
	fresh map[net.Conn]struct{} // those of them that have not sent a byte yet
	cut   bool                  // fresh ones are closed
	none  chan struct{}         // nil unless somebody waits for the last to go
}

func newConns() *conns { return &conns{fresh: make(map[net.Conn]struct{})} }

// track is an http.Server's ConnState hook.
func (c *conns) track(conn net.Conn, state http.ConnState) {
	if state == http.StateIdle {
		return // it was active before, and no longer fresh since then
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	switch state {
	case http.StateNew:
		c.open++
		c.fresh[conn] = struct{}{}
		if c.cut {
			_ = conn.Close()
		}
	case http.StateActive:
		delete(c.fresh, conn)
	case http.StateHijacked, http.StateClosed:
		delete(c.fresh, conn)
		c.open--
		c.tell()
	}
}

// gone returns a channel that is closed when no connection is open, of a server
// that accepts no more.
func (c *conns) gone() <-chan struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	none := make(chan struct{})
	c.none = none
	c.tell()
	return none
}

// tell closes none when the time has come; c.mu is held.
func (c *conns) tell() {
	if c.open == 0 && c.none != nil {
		close(c.none)
		c.none = nil
	}
}

// cutFresh closes the fresh ones, and every one that still comes.
func (c *conns) cutFresh() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.cut = true
	for conn := range c.fresh {
		_ = conn.Close()
	}
}

// A server with MaxConns has up to this many connections more, each for this long:
// time enough to be refused, or to ask after the server's health.
const (
	maxSpare  = 512
	spareLife = 500 * time.Millisecond
)

// ownFiles is more than a component has open besides its connections.
const ownFiles = 64

// affordable is how many of the wanted connections, and how many spare ones, a
// limit of open files leaves room for; 0 files: no limit.
func affordable(wanted, files int) (regular, spare int) {
	if files == 0 {
		return wanted, maxSpare
	}
	spare = max(1, min(maxSpare, files/4))
	return max(1, min(wanted, files-files/16-spare-ownFiles)), spare
}

// slots bound how many connections are open at once, over all listeners.
type slots struct {
	regular, spare chan struct{}
}

func newSlots(regular, spare int) slots {
	return slots{make(chan struct{}, regular), make(chan struct{}, spare)}
}

// limit gives every connection that l accepts a slot. When the spare ones are
// taken too, the next connection waits for one, and more in the kernel's backlog,
// from which the next generation takes them. The one that waits is ours: when l
// closes, it is served without a slot.
func (s slots) limit(l net.Listener) net.Listener {
	return &limitedListener{Listener: l, slots: s, done: make(chan struct{})}
}

type limitedListener struct {
	net.Listener
	slots slots
	done  chan struct{}
	once  sync.Once
}

func (l *limitedListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	select {
	case l.slots.regular <- struct{}{}:
		return newSlotConn(c, func() { <-l.slots.regular }), nil
	default:
	}
	select {
	case l.slots.spare <- struct{}{}:
		return newSpareConn(c, func() { <-l.slots.spare }), nil
	case <-l.done:
		return newSpareConn(c, func() {}), nil
	}
}

func (l *limitedListener) Close() error {
	l.once.Do(func() { close(l.done) })
	return l.Listener.Close()
}

// slotConn is a connection with a slot.
type slotConn struct {
	*timedConn
	spare bool
	free  func()
}

func newSlotConn(c net.Conn, free func()) *slotConn {
	return &slotConn{timedConn: newTimedConn(c, time.Time{}), free: sync.OnceFunc(free)}
}

func newSpareConn(c net.Conn, free func()) *slotConn {
	return &slotConn{timedConn: newTimedConn(c, time.Now().Add(spareLife)), spare: true, free: sync.OnceFunc(free)}
}

func (c *slotConn) Close() error {
	defer c.free()
	return c.timedConn.Close()
}

type spareKey struct{}

// markSpare is an http.Server's ConnContext hook.
func markSpare(ctx context.Context, c net.Conn) context.Context {
	if c, ok := c.(*slotConn); ok && c.spare {
		return context.WithValue(ctx, spareKey{}, true)
	}
	return ctx
}

// Spare reports whether a request came on a connection beyond MaxConns.
func Spare(r *http.Request) bool { return r.Context().Value(spareKey{}) != nil }
