package api

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"testing"

	"taskctl/pkg/wait/waittest"
)

func TestBuffersAreBounded(t *testing.T) {
	b := newBuffers()
	one, other, third := network("192.0.2.1"), network("2001:db8::1"), network("192.0.2.3")
	const half = maxLargeBuffers / 2
	for _, step := range []struct {
		network netip.Prefix
		bytes   int
		want    bool
	}{{one, half, true}, {one, 1, false}, {other, half, true}, {third, 1, false}} {
		if got := b.take(step.network, step.bytes); got != step.want {
			t.Errorf("%d bytes for %v: %v", step.bytes, step.network, got)
		}
	}
	b.give(one, half)
	if !b.take(third, half) {
		t.Error("what was given back cannot be taken")
	}
	b.give(other, half)
	b.give(third, half)
	if b.used != 0 || len(b.byNetwork) != 0 {
		t.Errorf("left: %+v", b)
	}
}

func network(addr string) netip.Prefix { return networkOf(netip.MustParseAddr(addr)) }

// Clients that never finish a large body use a bounded amount of memory, which is freed
// when they disconnect.
func TestUnfinishedLargeBodies(t *testing.T) {
	s := start(t)
	var held []net.Conn
	unfinished := fmt.Sprintf("POST /tasks HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n", MaxBody) +
		strings.Repeat(" ", MaxBody-1)
	refused := make(chan struct{}, 1)
	for range maxLargeBuffers/2/MaxBody + 1 {
		conn := s.dial()
		held = append(held, conn)
		if _, err := io.WriteString(conn, unfinished); err != nil {
			t.Fatal(err)
		}
		go func() {
			first := make([]byte, len("HTTP/1.1 503"))
			if _, err := io.ReadFull(conn, first); err == nil && string(first) == "HTTP/1.1 503" {
				select {
				case refused <- struct{}{}:
				default:
				}
			}
		}()
	}
	<-refused
	if a := s.do(http.MethodPost, "/tasks", `{"title":"small"}`); a.status != http.StatusCreated {
		t.Errorf("a small body meanwhile: %d %s", a.status, a.body)
	}
	for _, conn := range held {
		_ = conn.Close()
	}
	waittest.For(t, "room for a large body", func() bool {
		return s.do(http.MethodPost, "/tasks", `{"title":"large"}`+strings.Repeat(" ", MaxBody/2)).status == http.StatusCreated
	})
}
