package wsserver_test

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"taskctl/pkg/eventlog/eventlogtest"
	"taskctl/pkg/wsserver"

	"taskctl/pkg/wait/waittest"
)

func TestHeartbeats(t *testing.T) {
	s := serve(t, wsserver.Config{Heartbeat: 8 * time.Millisecond}, nil)
	p, _ := s.dial(t, "")
	for range 3 {
		if m := p.next(); m.Type != "heartbeat" || m.Seq != 0 {
			t.Fatalf("got %+v; want a heartbeat at 0", m)
		}
	}
	s.publish(5)
	p.expect(1, 5)
	if m := p.next(); m.Type != "heartbeat" || m.Seq != 5 {
		t.Fatalf("got %+v; want a heartbeat at 5", m)
	}
}

func TestPings(t *testing.T) {
	s := serve(t, wsserver.Config{Ping: 8 * time.Millisecond, Timeout: 50 * time.Millisecond}, nil)
	p, _ := s.dial(t, "")
	pings := 0
	enough := make(chan struct{})
	p.SetPingHandler(func(data string) error {
		if pings++; pings == 20 { // more than Timeout has passed
			close(enough)
		}
		return p.WriteControl(websocket.PongMessage, []byte(data), time.Now().Add(waitTimeout))
	})
	go func() { _, _ = p.read() }()
	select {
	case <-enough:
	case <-time.After(waitTimeout):
		t.Error("no pings")
	}
	if s.Clients() != 1 {
		t.Error("a client that answers was closed")
	}
}

// A peer that answers no ping is closed with a close frame.
func TestUnansweredPing(t *testing.T) {
	s := serve(t, wsserver.Config{Ping: 8 * time.Millisecond, Timeout: 40 * time.Millisecond}, nil)
	p, _ := s.dial(t, "")
	p.SetPingHandler(func(string) error { return nil })
	if ce := p.closed(); ce.Code != websocket.CloseTryAgainLater {
		t.Errorf("closed with %d; want 1013", ce.Code)
	}
	waittest.For(t, "the client to be gone", func() bool { return s.Clients() == 0 })
	if n := s.value(t, "taskctl_slow_closes_total"); n != 1 {
		t.Errorf("%v slow closes counted; want 1", n)
	}
}

// A client that accepts no bytes is closed. It can reconnect and resume.
func TestStuckClientResumes(t *testing.T) {
	s := serve(t, wsserver.Config{Timeout: 80 * time.Millisecond, RingBytes: 64 << 10}, nil)
	p, _ := s.dial(t, "")
	fast, _ := s.dial(t, "")
	last := uint64(0)
	for s.Clients() == 2 { // until the buffers are full and the time is over
		s.publish(200)
		fast.expect(last+1, last+200)
		last += 200
	}
	got := uint64(0)
	for {
		m, err := p.read()
		if err != nil {
			break
		}
		if m.Seq != got+1 {
			t.Fatalf("event %d after %d", m.Seq, got)
		}
		got++
	}
	if got == 0 || got >= last {
		t.Fatalf("%d of %d events had been taken when the connection ended", got, last)
	}
	p, w := s.dial(t, fmt.Sprintf("?since=e1:%d", got))
	if !w.Resumed {
		t.Fatal("not resumed")
	}
	p.expect(got+1, last)
}

// Clients that stop reading neither lose events nor grow the server: its memory
// is the ring's and the cache's.
func TestClientsThatStopReading(t *testing.T) {
	const idle, ring = 20, 1 << 20
	const events = 20_000
	log := eventlogtest.NewLog("e1")
	s := serve(t, wsserver.Config{RingBytes: ring}, log)
	stopped := make([]*peer, idle)
	for i := range stopped {
		stopped[i], _ = s.dial(t, "")
	}
	reader, _ := s.dial(t, "")
	all := log.Add(events)
	before := heap()
	for i := 0; i < events; i += 100 {
		s.pipe.Publish("e1", all[i:i+100])
		reader.expect(uint64(i+1), uint64(i+100))
	}
	// Measured after a collection: what is held, not what waits to be collected.
	if grown := heap() - before; grown > 3*ring {
		t.Errorf("the heap has grown by %d KiB while 20 clients did not read", grown>>10)
	}
	var wg sync.WaitGroup
	for _, p := range stopped {
		wg.Go(func() {
			if err := p.follow(1, events); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
}

func heap() int {
	for range 2 {
		runtime.GC()
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int(m.HeapAlloc)
}

// Pongs are sent between whole frames, however many pings arrive during a data write.
func TestPingFlood(t *testing.T) {
	s := serve(t, wsserver.Config{RingBytes: 256 << 10, Ping: 5 * time.Millisecond}, nil)
	const events = 4000
	p, _ := s.dial(t, "")
	pongs := 0
	p.SetPongHandler(func(string) error { pongs++; return nil })
	stop := make(chan struct{})
	var flood sync.WaitGroup
	flood.Go(func() {
		for {
			select {
			case <-stop:
				return
			default:
				if err := p.WriteControl(websocket.PingMessage, []byte("are you there"), time.Now().Add(waitTimeout)); err != nil {
					t.Error(err)
					return
				}
			}
		}
	})
	flood.Go(func() {
		for sent := 0; sent < events; sent += 10 {
			s.publish(10)
		}
	})
	p.expect(1, events)
	close(stop)
	flood.Wait()
	for pongs == 0 {
		if m := s.publish(1); len(m) == 1 {
			p.next()
		}
	}
}

// A client that sends pings and reads nothing has one pong pending, not all of them.
func TestPingsWithoutReading(t *testing.T) {
	s := serve(t, wsserver.Config{}, nil)
	p, _ := s.dial(t, "")
	for range 100 {
		s.publish(1000) // fills the socket
		if s.value(t, "taskctl_deliveries_total") < float64(s.head(t)) {
			break
		}
	}
	before := heap()
	for range 50_000 {
		if err := p.WriteControl(websocket.PingMessage, make([]byte, 125), time.Now().Add(waitTimeout)); err != nil {
			t.Fatal(err)
		}
	}
	if grown := heap() - before; grown > 2<<20 {
		t.Errorf("50,000 pings have grown the heap by %d KiB", grown>>10)
	}
}

// A client that reads slowly is kept, however long its backlog takes: whether the
// server waits for the socket, or has written all of it and waits for a pong.
func TestSlowReadersAreKept(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("only Linux tells what a peer has acknowledged")
	}
	secure := testTLS(t)
	for name, test := range map[string]struct {
		events int
		tls    *tls.Config
	}{
		"socket full": {events: 8000}, "backlog in the socket": {events: 1000},
		"TLS, socket full": {8000, secure}, "TLS, backlog in the socket": {1000, secure},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			const timeout = 2 * time.Second // a busy machine may keep the reader waiting for a second
			log := eventlogtest.NewLog("e1")
			s := serve(t, wsserver.Config{Timeout: timeout, Ping: timeout / 4, Heartbeat: time.Hour, TLS: test.tls}, log)
			var conn net.Conn
			if conn = connectSmall(t, s.addr); test.tls != nil {
				conn = tls.Client(conn, &tls.Config{InsecureSkipVerify: true})
			}
			shake(t, conn)
			all := log.Add(test.events)
			s.pipe.Publish("e1", all)
			// Slow reading for several timeouts, and not so long that the socket accepts
			// more, which it does when a third of its buffer is free.
			reader := slowReader{conn: conn, until: time.Now().Add(3 * timeout)}
			_, err := io.Copy(io.Discard, &reader)
			if err != nil || s.Clients() != 1 {
				t.Fatalf("after %d bytes: %v, %d clients", reader.read, err, s.Clients())
			}
		})
	}
}

// A client that never reads is closed soon, although its system acknowledges what its
// buffer takes.
func TestUnreadClientIsClosedSoon(t *testing.T) {
	const timeout = time.Second
	log := eventlogtest.NewLog("e1")
	s := serve(t, wsserver.Config{Timeout: timeout, Heartbeat: time.Hour}, log)
	dialSmall(t, s.addr)
	began := time.Now()
	s.pipe.Publish("e1", log.Add(8000))
	waittest.For(t, "the client to be gone", func() bool { return s.Clients() == 0 })
	if took := time.Since(began); took < timeout || took > 10*timeout {
		t.Errorf("closed after %v", took)
	}
}

// dialSmall connects with a receive buffer so small that every few kilobytes that are
// read are acknowledged, and reads the answer to the handshake.
func dialSmall(t *testing.T, addr string) net.Conn {
	t.Helper()
	conn := connectSmall(t, addr)
	shake(t, conn)
	return conn
}

func connectSmall(t *testing.T, addr string) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	if err := conn.(*net.TCPConn).SetReadBuffer(4 << 10); err != nil {
		t.Fatal(err)
	}
	return conn
}

// shake does a WebSocket handshake.
func shake(t *testing.T, conn net.Conn) {
	t.Helper()
	if _, err := conn.Write([]byte(handshake)); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(conn, make([]byte, 16)); err != nil {
		t.Fatal(err)
	}
}

// testTLS returns the settings of a server with a certificate of its own.
func testTLS(t *testing.T) *tls.Config {
	t.Helper()
	server := httptest.NewTLSServer(http.NotFoundHandler())
	defer server.Close()
	return &tls.Config{Certificates: server.TLS.Certificates, MinVersion: tls.VersionTLS12}
}

// slowReader reads half a kilobyte every ten milliseconds until the time, and then
// ends.
type slowReader struct {
	conn  net.Conn
	until time.Time
	read  int
}

func (r *slowReader) Read(p []byte) (int, error) {
	if time.Now().After(r.until) {
		return 0, io.EOF
	}
	<-time.After(10 * time.Millisecond)
	_ = r.conn.SetReadDeadline(time.Now().Add(waitTimeout))
	n, err := r.conn.Read(p[:512])
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	r.read += n
	return n, err
}
