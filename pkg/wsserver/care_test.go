package wsserver_test

import (
	"fmt"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"github.com/taskctl/taskctl/pkg/eventlog/eventlogtest"
	"github.com/taskctl/taskctl/pkg/wsserver"
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
		return p.WriteControl(websocket.PongMessage, []byte(data), time.Now().Add(patience))
	})
	go func() { _, _ = p.read() }()
	select {
	case <-enough:
	case <-time.After(patience):
		t.Error("no pings")
	}
	if s.Clients() != 1 {
		t.Error("a client that answers was closed")
	}
}

// A peer that answers no ping is closed, and told so.
func TestUnansweredPing(t *testing.T) {
	s := serve(t, wsserver.Config{Ping: 8 * time.Millisecond, Timeout: 40 * time.Millisecond}, nil)
	p, _ := s.dial(t, "")
	p.SetPingHandler(func(string) error { return nil })
	if ce := p.closed(); ce.Code != websocket.CloseTryAgainLater {
		t.Errorf("closed with %d; want 1013", ce.Code)
	}
	await(t, "the client to be gone", func() bool { return s.Clients() == 0 })
	if n := s.value(t, "taskctl_slow_closes_total"); n != 1 {
		t.Errorf("%v slow closes counted; want 1", n)
	}
}

// A socket that takes no byte is closed; when the client comes back it goes on
// where it was.
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

// Pongs go between whole frames, however many pings come while data is written.
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
				if err := p.WriteControl(websocket.PingMessage, []byte("are you there"), time.Now().Add(patience)); err != nil {
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

// A client that only ever pings and reads nothing is owed one pong, not all.
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
		if err := p.WriteControl(websocket.PingMessage, make([]byte, 125), time.Now().Add(patience)); err != nil {
			t.Fatal(err)
		}
	}
	if grown := heap() - before; grown > 2<<20 {
		t.Errorf("50,000 pings have grown the heap by %d KiB", grown>>10)
	}
}
