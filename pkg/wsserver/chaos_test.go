package wsserver_test

import (
	"fmt"
	"math/rand/v2"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"taskctl/pkg/eventlog"
	"taskctl/pkg/eventlog/eventlogtest"
	"taskctl/pkg/wsserver"
)

// TestNothingLost connects and disconnects clients at random, with and without a
// filter, while the broker loses, repeats and reorders events and the server is
// replaced repeatedly. A client keeps only its position and must get every event once.
func TestNothingLost(t *testing.T) {
	const clients, events, restarts = 12, 4000, 5
	log := eventlogtest.NewLog("e1")
	var current atomic.Pointer[system]
	start := func() {
		current.Store(serve(t, wsserver.Config{
			RingBytes: 32 << 10, PollUnlinked: 20 * time.Millisecond, PollLinked: 50 * time.Millisecond,
			Heartbeat: 10 * time.Millisecond, CloseTimeout: 20 * time.Millisecond,
		}, log))
	}
	start()
	var wg sync.WaitGroup
	for i := range clients {
		wg.Go(func() {
			r := rand.New(rand.NewPCG(uint64(i), 1))
			query, step := "", uint64(1)
			if i%3 == 2 { // every tenth event is about this task
				query, step = "&task="+eventlogtest.TaskID(0), 10
			}
			seen := uint64(0) // the last event there was
			at := uint64(0)   // the position, heartbeats included
			deadline := time.Now().Add(waitTimeout)
			for seen < events {
				if time.Now().After(deadline) {
					t.Errorf("client %d has come no further than %d", i, seen)
					return
				}
				conn, _, err := websocket.DefaultDialer.Dial(fmt.Sprintf("ws://%s/?since=e1:%d%s", current.Load().addr, at, query), nil)
				if err != nil {
					continue // between two servers
				}
				p := &peer{t, conn}
				for range r.IntN(800) {
					m, err := p.read()
					if err != nil || seen >= events {
						break
					}
					if m.Type == "heartbeat" || m.Type == "connected" {
						if m.Seq < at {
							t.Errorf("client %d: %s at %d after %d", i, m.Type, m.Seq, at)
						}
						at = m.Seq
						continue
					}
					prev := m.Seq - 1
					if m.Prev != nil {
						prev = *m.Prev
					}
					if m.Seq != seen+step || eventlog.Classify(at, prev, m.Seq) != eventlog.Next {
						t.Errorf("client %d: got %+v after %d, with the position at %d", i, m, seen, at)
						_ = conn.Close()
						return
					}
					seen, at = m.Seq, m.Seq
				}
				_ = conn.Close()
			}
		})
	}
	r := rand.New(rand.NewPCG(0, 1))
	for sent := 0; sent < events; sent += 10 {
		batch := log.Add(10)
		pipe := current.Load().pipe
		for range r.IntN(3) { // sometimes not at all
			from := r.IntN(10)
			pipe.Publish("e1", batch[from:from+r.IntN(11-from)])
		}
		if sent%(events/restarts) == events/restarts/2 {
			if err := current.Load().stop(); err != nil {
				t.Error(err)
			}
			start()
		}
	}
	wg.Wait()
}

// hidden is a listener whose connections are not known to have a descriptor, as
// those of other wrappers are.
type hidden struct{ net.Listener }

func (l hidden) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	return struct{ net.Conn }{c}, err
}

func TestConnectionsWithoutDescriptor(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	log := eventlogtest.NewLog("e1")
	s := serveOn(t, hidden{l}, wsserver.Config{RingBytes: 64 << 10}, log, log)
	p, _ := s.dial(t, "")
	late, _ := s.dial(t, "?types=task_created,task_updated,task_deleted")
	for range 100 {
		s.publish(50)
	}
	p.expect(1, 5000)
	for seq := uint64(1); seq <= 5000; seq++ {
		if m := late.next(); m.Seq != seq || m.Prev == nil || *m.Prev != seq-1 {
			t.Fatalf("got %+v; want event %d", m, seq)
		}
	}
	w := s.wire(t)
	w.send(masked(0x88, "\x03"))
	w.closed(1002)
}
