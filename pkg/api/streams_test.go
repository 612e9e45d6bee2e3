package api

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"taskctl/pkg/eventlog/eventlogtest"
	"taskctl/pkg/store/storetest"
	"taskctl/pkg/task"

	"taskctl/pkg/wait/waittest"
)

func TestStreamFollowsAndResumes(t *testing.T) {
	s := start(t)
	s.create("before")
	stream := s.subscribe("")
	made, a := s.create("live")
	e, seen := stream.event()
	if e.event != "task_created" || seen.Task.ID != made.ID || e.id != a.header.Get("Taskctl-Position") {
		t.Errorf("event %+v", e)
	}
	_ = stream.resp.Body.Close()

	s.do(http.MethodPatch, "/tasks/"+made.ID, `{"title":"missed\nline"}`)
	s.do(http.MethodDelete, "/tasks/"+made.ID, "")
	back := s.subscribe("?since=0", "Last-Event-ID", e.id) // as a browser that began with since
	if e, seen := back.event(); e.event != "task_updated" || seen.Seq != 3 || seen.Task.Title != "missed\nline" {
		t.Errorf("event %+v", e)
	}
	if e, seen := back.event(); e.event != "task_deleted" || seen.Seq != 4 {
		t.Errorf("event %+v", e)
	}
	s.create("live again")
	if e, seen := back.event(); e.event != "task_created" || seen.Seq != 5 {
		t.Errorf("event %+v", e)
	}
	if all := s.subscribe("?since=0"); all.lastID == "" {
		t.Error("no id")
	} else if _, seen := all.event(); seen.Seq != 1 {
		t.Errorf("from the beginning: %d", seen.Seq)
	}
}

// TestStreamIsWholeUnderLoad opens and closes streams during many writes.
func TestStreamIsWholeUnderLoad(t *testing.T) {
	s := start(t)
	const writers, each = 8, 25
	first := s.subscribe("?since=0")
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			for i := range each {
				s.create(fmt.Sprintf("%d/%d", w, i))
			}
		})
	}
	second := s.subscribe("?since=0")
	last := "0"
	for seq := uint64(1); seq <= writers*each; seq++ {
		if _, seen := first.event(); seen.Seq != seq {
			t.Fatalf("event %d, want %d", seen.Seq, seq)
		}
		e, seen := second.event()
		if seen.Seq != seq {
			t.Fatalf("resuming: event %d, want %d", seen.Seq, seq)
		}
		if last = e.id; seq%40 == 0 {
			_ = second.resp.Body.Close()
			second = s.subscribe("", "Last-Event-ID", last)
		}
	}
	wg.Wait()
}

func TestStreamSeesEventsOfOtherProcesses(t *testing.T) {
	s := start(t, func(c *Config, d *Deps) {
		d.Subscriber = nil
		c.LogInterval = 5 * time.Millisecond
		c.Heartbeat = time.Minute
	})
	stream := s.subscribe("")
	s.create("by another process")
	if e, _ := stream.event(); e.event != "task_created" {
		t.Errorf("event %+v", e)
	}
}

func TestStreamHeartbeat(t *testing.T) {
	s := start(t, func(c *Config, _ *Deps) { c.Heartbeat = 5 * time.Millisecond })
	stream := s.subscribe("")
	if e := stream.next(); e.comment != "heartbeat" || e.data != "" || e.id != "" {
		t.Errorf("%+v", e)
	}
}

// logStore is a store with another log than its own.
type logStore struct {
	task.Store
	*eventlogtest.Log
}

func (s logStore) Bounds(ctx context.Context) (uint64, task.Position, error) {
	return s.Log.Bounds(ctx)
}

func (s logStore) Read(ctx context.Context, after task.Position, limit int) ([]task.Event, task.Position, error) {
	return s.Log.Read(ctx, after, limit)
}

func TestStreamResets(t *testing.T) {
	log := eventlogtest.NewLog("first")
	log.Add(1)
	s := start(t, func(c *Config, d *Deps) {
		d.Subscriber = nil
		c.LogInterval = 5 * time.Millisecond
		d.Store = logStore{d.Store, log}
	})
	stream := s.subscribe("")
	log.Restore("second", 7)
	e := stream.next()
	if e.event != "reset" || e.data != `{"type":"reset","reason":"epoch","seq":7}` || e.id != "second:7" {
		t.Errorf("%+v", e)
	}
	log.Add(1)
	if e := stream.next(); e.id != "second:8" {
		t.Errorf("after the reset comes %+v", e)
	}
}

func TestStreamsAreBounded(t *testing.T) {
	s := start(t, func(c *Config, _ *Deps) { c.MaxStreams = 3 })
	first := s.subscribe("")
	s.subscribe("")
	refused := s.do(http.MethodGet, "/events", "", "Accept", "text/event-stream")
	wantProblem(t, refused, http.StatusServiceUnavailable, "")
	if refused.header.Get("Retry-After") == "" {
		t.Error("no Retry-After")
	}
	_ = first.resp.Body.Close()
	waittest.For(t, "the end of the first stream", func() bool { return s.server.streams.len() < 2 })
	s.subscribe("")
}

// TestStopEndsStreams reads one stream to its end, while the client of another accepts
// no bytes: that must not delay the stop.
func TestStopEndsStreams(t *testing.T) {
	s := start(t, func(c *Config, _ *Deps) { c.DrainTimeout = testTimeout })
	reading := s.subscribe("")
	stuck, err := net.Dial("tcp", strings.TrimPrefix(s.base, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer stuck.Close()
	if err := stuck.(*net.TCPConn).SetReadBuffer(4 << 10); err != nil {
		t.Fatal(err)
	}
	fmt.Fprintf(stuck, "GET /events?since=0 HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n\r\n")
	waittest.For(t, "two streams", func() bool { return s.server.streams.len() == 2 })
	big := strings.Repeat("x", task.MaxDescription)
	for range 600 { // more than the socket's buffers take
		if a := s.do(http.MethodPost, "/tasks", `{"title":"t","description":"`+big+`"}`); a.status != http.StatusCreated {
			t.Fatalf("%d %s", a.status, a.body)
		}
		reading.event()
	}
	began := time.Now()
	s.stop()
	<-s.done
	if took := time.Since(began); took > testTimeout/2 {
		t.Errorf("the stop took %v", took)
	}
	if e, more := reading.read(); more {
		t.Errorf("after the stop: %+v", e)
	}
	if err := reading.lines.Err(); err != nil {
		t.Errorf("the stream did not end, it broke: %v", err)
	}
}

func TestStreamOutlivesTheTimeouts(t *testing.T) {
	s := start(t, func(c *Config, _ *Deps) {
		// Reading begins when the connection is accepted: a busy machine may take a
		// while from there to the request.
		c.ReadTimeout, c.WriteTimeout = 500*time.Millisecond, 50*time.Millisecond
		c.Heartbeat = 10 * time.Millisecond
	})
	stream := s.subscribe("")
	for began := time.Now(); time.Since(began) < 600*time.Millisecond; {
		stream.next()
	}
	// Not by HTTP: a write may take longer than this server lets an answer take.
	_, err := s.server.deps.Store.Write(t.Context(), task.Change{
		Kind: task.Create, ID: storetest.NewID(t), Patch: storetest.Values("after the timeouts", "", false),
	})
	if err != nil {
		t.Fatal(err)
	}
	if e, _ := stream.event(); e.event != "task_created" {
		t.Errorf("%+v", e)
	}
}

func TestHeadOfStream(t *testing.T) {
	s := start(t)
	a := s.do(http.MethodHead, "/events", "", "Accept", "text/event-stream")
	if a.status != http.StatusOK || a.header.Get("Content-Type") != "text/event-stream" {
		t.Errorf("%d %v", a.status, a.header)
	}
}

func TestWantsStream(t *testing.T) {
	for accept, want := range map[string]bool{
		"text/event-stream": true, "Text/Event-Stream;charset=utf-8": true, "application/json, text/event-stream": true, "text/event-stream, */*": true, "application/json;q=0.4, text/event-stream;q=0.5": true,
		"application/json, text/event-stream;q=0.5": false, "text/event-stream;q=0.5, */*": false, "text/event-stream; q=0.000": false, "text/event-stream;q=x": false,
		"": false, "*/*": false, "text/*": false, "application/json": false, "text/event-stream;q=0": false,
	} {
		if got := wantsStream(http.Header{"Accept": {accept}}); got != want {
			t.Errorf("Accept %q: %t", accept, got)
		}
	}
}
