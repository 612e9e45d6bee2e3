//go:build unix

package listen

import (
	"io"
	"log/slog"
	"net"
	"testing"

	"taskctl/pkg/wait/waittest"
)

// A client that has sent its request is not closed for a server that has not got
// round to reading it, as long as there is another.
func TestWhatIsUnreadIsNotClosedToMakeRoom(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	p := &pool{limit: capacity{total: 3, established: 2}, logger: slog.New(slog.DiscardHandler), addresses: newAddresses(PerAddress{})}
	connect := func(sent string) *conn {
		client, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = client.Close() })
		server, err := l.Accept()
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = server.Close() })
		if _, err := io.WriteString(client, sent); err != nil {
			t.Fatal(err)
		}
		c := p.add(server)
		if sent != "" {
			waittest.For(t, "what was sent to arrive", c.hasUnread)
		}
		return c
	}
	early, silent, late := connect("GET /"), connect(""), connect("GET /")
	take := func() *conn {
		p.mu.Lock()
		defer p.mu.Unlock()
		return p.takeIncomplete()
	}
	if !p.hasRoom() {
		t.Error("the silent connection cannot make room")
	}
	if got := take(); got != silent {
		t.Error("the silent connection is not the first to be closed")
	}
	p.mu.Lock()
	p.limit.total = 2
	p.mu.Unlock()
	if p.hasRoom() {
		t.Error("a connection would be closed although the server has not read its request")
	}
	read := make(chan struct{})
	go func() {
		defer close(read)
		if _, err := io.ReadFull(late, make([]byte, 5)); err != nil {
			t.Error(err)
		}
	}()
	p.awaitRoom(nil)
	<-read
	if got := take(); got != late {
		t.Error("the connection whose bytes were read is not the next one")
	}
	if got := take(); got != early {
		t.Error("the last one is not closed when there is no other")
	}
}
