package listen

import (
	"net"
	"net/http"
	"sync"
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

// slots bound how many connections are open at once, over all listeners.
type slots chan struct{}

func newSlots(n int) slots {
	if n <= 0 {
		return nil
	}
	return make(slots, n)
}

// limit makes l accept only while there is a free slot; more connections wait in
// the kernel's backlog.
func (s slots) limit(l net.Listener) net.Listener {
	if s == nil {
		return l
	}
	return &limitedListener{Listener: l, slots: s, done: make(chan struct{})}
}

type limitedListener struct {
	net.Listener
	slots slots
	done  chan struct{}
	once  sync.Once
}

func (l *limitedListener) Accept() (net.Conn, error) {
	select {
	case l.slots <- struct{}{}:
	case <-l.done:
		return nil, net.ErrClosed
	}
	c, err := l.Listener.Accept()
	if err != nil {
		<-l.slots
		return nil, err
	}
	return &slotConn{Conn: c, free: sync.OnceFunc(func() { <-l.slots })}, nil
}

func (l *limitedListener) Close() error {
	l.once.Do(func() { close(l.done) })
	return l.Listener.Close()
}

type slotConn struct {
	net.Conn
	free func()
}

func (c *slotConn) Close() error {
	defer c.free()
	return c.Conn.Close()
}
