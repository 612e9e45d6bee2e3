//go:build linux

package chaos

import (
	"io"
	"net"
	"sync"
	"testing"
)

// proxy forwards connections to a server, so that they can be cut without killing
// either end.
type proxy struct {
	target   string
	listener net.Listener
	running  sync.WaitGroup

	mu     sync.Mutex
	links  map[*link]struct{}
	closed bool
}

// link is one connection and its continuation.
type link struct{ near, far *net.TCPConn }

// openProxy listens on a port of its own until the test ends.
func openProxy(t testing.TB, target string) *proxy {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{target: target, listener: l, links: make(map[*link]struct{})}
	p.running.Go(p.accept)
	t.Cleanup(p.close)
	return p
}

func (p *proxy) addr() string { return p.listener.Addr().String() }

func (p *proxy) accept() {
	for {
		near, err := p.listener.Accept()
		if err != nil {
			return
		}
		p.running.Go(func() { p.pass(near.(*net.TCPConn)) })
	}
}

// pass connects and copies both ways until either end is closed.
func (p *proxy) pass(near *net.TCPConn) {
	far, err := net.Dial("tcp", p.target)
	if err != nil {
		_ = near.Close()
		return
	}
	l := &link{near, far.(*net.TCPConn)}
	p.mu.Lock()
	if p.closed {
		p.mu.Unlock()
		l.close()
		return
	}
	p.links[l] = struct{}{}
	p.mu.Unlock()

	var up sync.WaitGroup
	up.Go(func() { _, _ = io.Copy(l.far, l.near); l.close() })
	_, _ = io.Copy(l.near, l.far)
	l.close()
	up.Wait()
	p.mu.Lock()
	delete(p.links, l)
	p.mu.Unlock()
}

func (l *link) close() {
	_ = l.near.Close()
	_ = l.far.Close()
}

// cut ends the connections that chosen selects, each with a reset or an orderly close,
// and returns their number.
func (p *proxy) cut(chosen func() (cut, reset bool)) (n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for l := range p.links {
		cut, reset := chosen()
		if !cut {
			continue
		}
		if reset {
			_ = l.near.SetLinger(0)
			_ = l.far.SetLinger(0)
		}
		l.close()
		n++
	}
	return n
}

func (p *proxy) close() {
	_ = p.listener.Close()
	p.mu.Lock()
	p.closed = true
	for l := range p.links {
		l.close()
	}
	p.mu.Unlock()
	p.running.Wait()
}
