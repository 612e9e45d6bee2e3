package api

import (
	"io"
	"net"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"time"

	"taskctl/pkg/wait/waittest"
)

// subscribeSmall opens an event stream from the beginning, on a connection with a
// receive buffer so small that every few kilobytes that are read are acknowledged.
func (s *service) subscribeSmall() net.Conn {
	s.t.Helper()
	conn := s.dial()
	if err := conn.(*net.TCPConn).SetReadBuffer(4 << 10); err != nil {
		s.t.Fatal(err)
	}
	const request = "GET /events?since=0 HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n\r\n"
	if _, err := io.WriteString(conn, request); err != nil {
		s.t.Fatal(err)
	}
	return conn
}

// backlog creates megabytes of events.
func (s *service) backlog() {
	s.t.Helper()
	body := `{"title":"large","description":"` + strings.Repeat("0123456789", 1000) + `"}`
	for range 800 {
		if a := s.do(http.MethodPost, "/tasks", body); a.status != http.StatusCreated {
			s.t.Fatalf("create: %d %s", a.status, a.body)
		}
	}
}

// A stream that is read slowly stays open for several timeouts, however far it is
// behind.
func TestSlowStreamIsKept(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("only Linux tells what a peer has acknowledged")
	}
	const timeout = time.Second
	s := start(t, func(c *Config, _ *Deps) { c.WriteTimeout, c.Heartbeat = timeout, time.Hour })
	s.backlog()
	conn := s.subscribeSmall()
	buf := make([]byte, 512)
	for until := time.Now().Add(5 * timeout); time.Now().Before(until); {
		<-time.After(10 * time.Millisecond) // this client is slow on purpose
		if n, err := conn.Read(buf); err != nil {
			t.Fatalf("the stream ended: %d, %v", n, err)
		}
	}
}

// A stream that is never read is ended soon.
func TestUnreadStreamIsEnded(t *testing.T) {
	const timeout = 200 * time.Millisecond
	s := start(t, func(c *Config, _ *Deps) { c.WriteTimeout, c.Heartbeat = timeout, time.Hour })
	s.backlog()
	s.subscribeSmall()
	open := func() int { return s.server.streams.len() }
	waittest.For(t, "the stream to begin", func() bool { return open() == 1 })
	began := time.Now()
	waittest.For(t, "the stream to end", func() bool { return open() == 0 })
	if took := time.Since(began); took > 20*timeout {
		t.Errorf("ended after %v", took)
	}
}
