package wsserver_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/gorilla/websocket"

	"taskctl/pkg/eventlog/eventlogtest"
	"taskctl/pkg/task"
	"taskctl/pkg/wsserver"

	"taskctl/pkg/wait/waittest"
)

func TestWelcomeThenEveryEvent(t *testing.T) {
	s := serve(t, wsserver.Config{}, nil)
	s.publish(3)
	waittest.For(t, "the events", func() bool { return s.value(t, "taskctl_last_seq") == 3 })
	p, w := s.dial(t, "")
	want := message{Type: "connected", Message: "Connected to the task notifications", Clients: 1, Seq: 3, Epoch: "e1"}
	if diff := cmp.Diff(want, w); diff != "" {
		t.Error(diff)
	}
	e := s.publish(1)[0]
	_, data, err := p.ReadMessage()
	if err != nil || !bytes.Equal(data, e.AppendJSON(nil)) || !json.Valid(data) {
		t.Errorf("got %s, %v; want %s", data, err, e.AppendJSON(nil))
	}
	second, w := s.dial(t, "")
	if w.Clients != 2 || s.Clients() != 2 {
		t.Errorf("the welcome counts %d clients, the server %d; want 2", w.Clients, s.Clients())
	}
	_ = second.Close()
	waittest.For(t, "the second client to be gone", func() bool { return s.Clients() == 1 })
}

func TestOrderAndCompletenessUnderLoad(t *testing.T) {
	for name, ring := range map[string]int64{"all in the ring": 8 << 20, "all beyond the ring": 16 << 10} {
		t.Run(name, func(t *testing.T) {
			s := serve(t, wsserver.Config{RingBytes: ring}, nil)
			const clients, events = 40, 3000
			var wg sync.WaitGroup
			for range clients {
				p, _ := s.dial(t, "")
				wg.Go(func() {
					if err := p.follow(1, events); err != nil {
						t.Error(err)
					}
				})
			}
			for sent := 0; sent < events; sent += 25 {
				s.publish(25)
			}
			wg.Wait()
		})
	}
}

// A broker may lose, repeat and reorder events; clients do not notice.
func TestBadBroker(t *testing.T) {
	s := serve(t, wsserver.Config{}, nil)
	p, _ := s.dial(t, "")
	for range 50 {
		events := s.log.Add(20)
		s.pipe.Publish("e1", events[15:])
		s.pipe.Publish("e1", events[3:17])
		s.pipe.Publish("other", events[:3])
		s.pipe.Publish("e1", events[:2])
	}
	p.expect(1, 1000)
}

// Events that another process commits are delivered while no publisher is connected,
// and at once when one connects or disconnects.
func TestWithoutLink(t *testing.T) {
	s := serve(t, wsserver.Config{PollLinked: time.Hour, PollUnlinked: 5 * time.Millisecond}, nil)
	p, _ := s.dial(t, "")
	s.pipe.Connect(false)
	for seq := uint64(1); seq <= 5; seq++ {
		s.log.Add(1)
		p.expect(seq, seq)
	}
	s.pipe.Connect(true)
	s.publish(1)
	p.expect(6, 6)
}

func TestLookWhenTheLinkChanges(t *testing.T) {
	s := serve(t, wsserver.Config{PollLinked: time.Hour, PollUnlinked: time.Hour}, nil)
	p, _ := s.dial(t, "")
	for seq, connected := range []bool{false, true, false} {
		s.log.Add(1)
		s.pipe.Connect(connected)
		p.expect(uint64(seq+1), uint64(seq+1))
	}
}

func TestResume(t *testing.T) {
	log := eventlogtest.NewLog("e1")
	log.Add(1000)
	s := serve(t, wsserver.Config{}, log) // these are in the log alone
	s.publish(500)                        // and these in the ring
	for _, since := range []uint64{0, 1, 255, 256, 700, 999, 1000, 1001, 1499, 1500} {
		for _, epoch := range []string{"", "e1:"} {
			t.Run(fmt.Sprint(epoch, since), func(t *testing.T) {
				p, w := s.dial(t, fmt.Sprintf("?since=%s%d", epoch, since))
				if !w.Resumed || w.Seq != since || w.Epoch != "e1" {
					t.Errorf("the welcome is %+v", w)
				}
				p.expect(since+1, 1500)
			})
		}
	}
}

// Resuming does not depend on the server's memory: a new server continues.
func TestResumeAcrossRestarts(t *testing.T) {
	log := eventlogtest.NewLog("e1")
	var last uint64
	for range 4 {
		s := serve(t, wsserver.Config{PollLinked: time.Hour, CloseTimeout: time.Millisecond}, log)
		p, w := s.dial(t, fmt.Sprintf("?since=e1:%d", last))
		if !w.Resumed {
			t.Fatalf("not resumed: %+v", w)
		}
		s.publish(300)
		p.expect(last+1, last+299)
		last += 299 // the last one has not been seen
		if err := s.stop(); err != nil {
			t.Fatal(err)
		}
	}
}

// A thousand clients that resume at once from about the same position do not read
// the log a thousand times, and lose nothing while writes continue.
func TestManyResumeAtOnce(t *testing.T) {
	log := eventlogtest.NewLog("e1")
	const clients, old, fresh = 100, 3000, 300
	log.Add(old)
	s := serve(t, wsserver.Config{RingBytes: 2 << 20}, log)
	before := log.Reads()
	var wg sync.WaitGroup
	for i := range clients {
		since := uint64(i % 100)
		p, _ := s.dial(t, fmt.Sprintf("?since=%d", since))
		wg.Go(func() {
			if err := p.follow(since+1, old+fresh); err != nil {
				t.Error(err)
			}
		})
	}
	for range fresh {
		s.publish(1)
	}
	wg.Wait()
	if reads := log.Reads() - before; reads > clients*old/256/4 {
		t.Errorf("the log was read %d times for %d clients", reads, clients)
	}
}

func TestLogThatDoesNotAnswer(t *testing.T) {
	log := eventlogtest.NewLog("e1")
	log.Add(599)
	s := serve(t, wsserver.Config{PollLinked: time.Hour}, log)
	linked, _ := s.dial(t, "")
	s.publish(1)
	linked.expect(600, 600) // from now on what is published arrives
	p, _ := s.dial(t, "?since=0")
	log.Fail(task.ErrUnavailable)
	late, res, err := websocket.DefaultDialer.Dial("ws://"+s.addr+"/?since=0", nil)
	if err == nil || res == nil || res.StatusCode != http.StatusServiceUnavailable || res.Header.Get("Retry-After") == "" {
		t.Errorf("resuming from a log that fails: %v, %v, %v; want 503 with Retry-After", late, res, err)
	}
	p2, _ := s.dial(t, "") // what needs no log works
	s.pipe.Publish("e1", []task.Event{eventlogtest.Event(601)})
	p2.expect(601, 601)
	log.Append(eventlogtest.Event(601))
	log.Fail(nil)
	p.expect(1, 601)
}

func TestReset(t *testing.T) {
	log := eventlogtest.NewLog("e1")
	log.Add(1000)
	log.Forget(601)
	s := serve(t, wsserver.Config{RingBytes: 16 << 10, PollLinked: time.Hour}, log)
	s.publish(100)
	for since, reason := range map[string]string{
		"other:1050": "epoch", "other:0": "epoch", "e1:599": "too_old", "0": "too_old",
		"e1:1101": "ahead", "9223372036854775807": "ahead",
	} {
		t.Run(since, func(t *testing.T) {
			p, w := s.dial(t, "?since="+since)
			if w.Resumed || w.Seq != 1100 {
				t.Errorf("the welcome is %+v", w)
			}
			if m := p.next(); m.Type != "reset" || m.Reason != reason || m.Seq != 1100 {
				t.Errorf("got %+v; want a reset (%s) to 1100", m, reason)
			}
		})
	}
	p, _ := s.dial(t, "?since=600") // the oldest place there is
	p.expect(601, 1100)
	p, _ = s.dial(t, "?since=e1:2000")
	p.next()
	s.publish(3)
	p.expect(1101, 1103)
}

// A position from the API may be ahead of the events that the link has delivered.
func TestResumeAheadOfTheLink(t *testing.T) {
	s := serve(t, wsserver.Config{PollLinked: time.Hour}, nil)
	events := s.log.Add(10)
	p, w := s.dial(t, "?since=8")
	if !w.Resumed || w.Seq != 8 {
		t.Errorf("the welcome is %+v", w)
	}
	s.pipe.Publish("e1", events)
	p.expect(9, 10)
}

func TestLogReplacedWhileClientsAreConnected(t *testing.T) {
	s := serve(t, wsserver.Config{PollLinked: time.Hour}, nil)
	live, _ := s.dial(t, "")
	s.publish(50)
	live.expect(1, 50)
	s.log.Restore("e2", 20)
	s.pipe.Connect(true) // look
	if m := live.next(); m.Type != "reset" || m.Reason != "epoch" || m.Seq != 20 {
		t.Errorf("got %+v; want a reset (epoch) to 20", m)
	}
	s.publish(5)
	live.expect(21, 25)
	if _, w := s.dial(t, "?since=e2:21"); !w.Resumed || w.Epoch != "e2" {
		t.Errorf("the welcome is %+v", w)
	}
}

// slowLog delays the reads for clients that are behind.
type slowLog struct {
	*eventlogtest.Log
	read, release chan struct{}
}

func (l *slowLog) Read(ctx context.Context, after task.Position, limit int) ([]task.Event, task.Position, error) {
	events, head, err := l.Log.Read(ctx, after, limit)
	if limit < 1000 { // not the follower's
		l.read <- struct{}{}
		<-l.release
	}
	return events, head, err
}

// Events of a read that was in progress when the log was replaced are not delivered.
func TestLogReplacedWhileItIsRead(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	log := &slowLog{eventlogtest.NewLog("e1"), make(chan struct{}, 8), make(chan struct{}, 8)}
	log.Add(100)
	s := serveOn(t, l, wsserver.Config{PollLinked: time.Hour}, log.Log, log)
	p, _ := s.dial(t, "?since=e1:10")
	<-log.read
	log.Restore("e2", 20)
	s.pipe.Connect(true) // look
	if m := p.next(); m.Type != "reset" || m.Reason != "epoch" || m.Seq != 20 {
		t.Errorf("got %+v; want a reset (epoch) to 20", m)
	}
	log.release <- struct{}{}
	waittest.For(t, "what was read", func() bool { return s.value(t, "taskctl_catchup_reads_total") == 1 })
	for seq := uint64(21); seq <= 23; seq++ {
		fresh := eventlogtest.Event(seq)
		fresh.Task = []byte(`{"title":"of the other log"}`)
		log.Append(fresh)
		s.pipe.Publish("e2", []task.Event{fresh})
		if m := p.next(); m.Seq != seq || string(m.Task) != string(fresh.Task) {
			t.Fatalf("got %+v; want the other log's event %d", m, seq)
		}
	}
}
