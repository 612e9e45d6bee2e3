package api

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/taskctl/taskctl/pkg/store/storetest"
	"github.com/taskctl/taskctl/pkg/task"
)

// patience bounds what is waited for; nothing here needs a tenth of it.
const patience = 10 * time.Second

// sse is an event stream as a browser reads it.
type sse struct {
	t      testing.TB
	resp   *http.Response
	lines  *bufio.Scanner
	lastID string
}

type sseEvent struct {
	id, event, data, comment string
	retry                    string
}

// subscribe opens a stream; it is closed at the end of the test.
func (s *service) subscribe(query string, headers ...string) *sse {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, s.base+"/events"+query, nil)
	if err != nil {
		s.t.Fatal(err)
	}
	r.Header.Set("Accept", "text/event-stream")
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	resp, err := s.client.Do(r)
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() {
		cancel()
		_ = resp.Body.Close()
	})
	if resp.StatusCode != http.StatusOK {
		body, _ := io.ReadAll(resp.Body)
		s.t.Fatalf("stream: %d %s", resp.StatusCode, body)
	}
	if got := resp.Header.Get("Content-Type"); got != "text/event-stream" {
		s.t.Errorf("Content-Type %q", got)
	}
	stream := &sse{t: s.t, resp: resp, lines: bufio.NewScanner(resp.Body)}
	stream.lines.Buffer(nil, 1<<20)
	opening := stream.next()
	if opening.id == "" || opening.data != "" || opening.retry != "1000" {
		s.t.Errorf("the stream opens with %+v", opening)
	}
	if opening.id != resp.Header.Get("Taskctl-Position") {
		s.t.Errorf("opens at %s, header says %s", opening.id, resp.Header.Get("Taskctl-Position"))
	}
	return stream
}

// next reads up to the next blank line.
func (s *sse) next() sseEvent {
	s.t.Helper()
	e, ok := s.read()
	if !ok {
		s.t.Fatalf("the stream ended: %v", s.lines.Err())
	}
	return e
}

func (s *sse) read() (e sseEvent, ok bool) {
	for s.lines.Scan() {
		line := s.lines.Text()
		if line == "" {
			return e, true
		}
		name, value, _ := strings.Cut(line, ":")
		value = strings.TrimPrefix(value, " ")
		switch name {
		case "":
			e.comment = value
		case "id":
			e.id, s.lastID = value, value
		case "event":
			e.event = value
		case "data":
			e.data += value
		case "retry":
			e.retry = value
		default:
			s.t.Errorf("line %q", line)
		}
	}
	return e, false
}

// event reads the next event and checks that it is whole.
func (s *sse) event() (sseEvent, seenEvent) {
	s.t.Helper()
	e := s.next()
	for e.comment != "" {
		e = s.next()
	}
	var seen seenEvent
	if err := json.Unmarshal([]byte(e.data), &seen, json.RejectUnknownMembers(true)); err != nil {
		s.t.Fatalf("data %q: %v", e.data, err)
	}
	if e.event != seen.Type || !strings.HasSuffix(e.id, fmt.Sprintf(":%d", seen.Seq)) {
		s.t.Errorf("event %+v", e)
	}
	return e, seen
}

// seenEvent is an event as clients see it.
type seenEvent struct {
	Type      string    `json:"type"`
	Task      task.Task `json:"task"`
	Timestamp time.Time `json:"timestamp"`
	Seq       uint64    `json:"seq"`
}

type seenEvents struct {
	Events []seenEvent `json:"events"`
	Seq    uint64      `json:"seq"`
	Epoch  string      `json:"epoch"`
}

func TestEventsAsJSON(t *testing.T) {
	s := start(t)
	if empty := s.do(http.MethodGet, "/events", ""); !strings.HasPrefix(string(empty.body), `{"events":[],"seq":0,"epoch":"`) {
		t.Errorf("an empty log: %s", empty.body)
	}
	made, _ := s.create("title")
	s.do(http.MethodPatch, "/tasks/"+made.ID, `{"completed":true}`)
	s.do(http.MethodPatch, "/tasks/"+made.ID, `{"completed":true}`)
	s.do(http.MethodDelete, "/tasks/"+made.ID, "")

	all := decode[seenEvents](t, s.do(http.MethodGet, "/events", ""))
	want := []string{"task_created", "task_updated", "task_deleted"}
	if len(all.Events) != len(want) || all.Seq != 3 {
		t.Fatalf("%+v", all)
	}
	for i, e := range all.Events {
		if e.Type != want[i] || e.Seq != uint64(i+1) || e.Task.ID != made.ID || e.Task.Completed != (i > 0) || e.Timestamp.IsZero() {
			t.Errorf("event %d: %+v", i, e)
		}
	}
	since := task.Position{Epoch: all.Epoch}
	for range want { // going on from where each answer stands misses nothing
		a := s.do(http.MethodGet, "/events?limit=1&since="+since.String(), "")
		one := decode[seenEvents](t, a)
		if len(one.Events) != 1 || one.Events[0].Seq != since.Seq+1 || one.Seq != since.Seq+1 {
			t.Fatalf("after %s: %s", since, a.body)
		}
		since.Seq = one.Seq
		if got := a.header.Get("Taskctl-Position"); got != since.String() {
			t.Errorf("stands at %s, header %s", since, got)
		}
	}
	if rest := decode[seenEvents](t, s.do(http.MethodGet, "/events?since=3", "")); len(rest.Events) != 0 || rest.Seq != 3 {
		t.Errorf("at the head: %+v", rest)
	}
}

func TestGoneSaysWhereToGoOn(t *testing.T) {
	s := start(t)
	_, a := s.create("title")
	for since, reason := range map[string]string{"other:1": "epoch", "2": "ahead"} {
		p := wantProblem(t, s.do(http.MethodGet, "/events?since="+since, ""), http.StatusGone, "")
		if p.Reason != reason || p.Seq == nil || fmt.Sprintf("%s:%d", p.Epoch, *p.Seq) != a.header.Get("Taskctl-Position") {
			t.Errorf("since %s: %+v", since, p)
		}
	}
}

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

// TestStreamIsWholeUnderLoad has streams come and go while many write.
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

func TestStreamSeesWhatNobodyToldItOf(t *testing.T) {
	s := start(t, func(c *Config, d *Deps) {
		d.Notifier = nil
		c.LogCheck = 5 * time.Millisecond
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

// fickle is a store whose log begins after what a stream has seen, once.
type fickle struct {
	task.Store
	gone atomic.Bool
}

func (f *fickle) Read(ctx context.Context, after task.Position, limit int) ([]task.Event, task.Position, error) {
	events, head, err := f.Store.Read(ctx, after, limit)
	if f.gone.CompareAndSwap(true, false) {
		return nil, head, &task.GoneError{Reason: task.GoneTooOld, Head: head}
	}
	return events, head, err
}

func TestStreamResets(t *testing.T) {
	var store *fickle
	s := start(t, func(c *Config, d *Deps) {
		d.Notifier = nil
		c.LogCheck = 5 * time.Millisecond
		store = &fickle{Store: d.Store}
		d.Store = store
	})
	s.create("one")
	stream := s.subscribe("")
	store.gone.Store(true)
	e := stream.next()
	if e.event != "reset" || e.data != `{"type":"reset","reason":"too_old","seq":1}` || !strings.HasSuffix(e.id, ":1") {
		t.Errorf("%+v", e)
	}
	s.create("two")
	if _, seen := stream.event(); seen.Seq != 2 {
		t.Errorf("after the reset comes %d", seen.Seq)
	}
}

func TestStreamsAreBounded(t *testing.T) {
	s := start(t, func(c *Config, _ *Deps) { c.MaxStreams = 2 })
	first := s.subscribe("")
	s.subscribe("")
	refused := s.do(http.MethodGet, "/events", "", "Accept", "text/event-stream")
	wantProblem(t, refused, http.StatusServiceUnavailable, "")
	if refused.header.Get("Retry-After") == "" {
		t.Error("no Retry-After")
	}
	_ = first.resp.Body.Close()
	eventually(t, func() bool { return s.server.streams.len() < 2 })
	s.subscribe("")
}

// TestStopEndsStreams has one stream read to its end and another whose client
// takes nothing: it must not hold up the stop.
func TestStopEndsStreams(t *testing.T) {
	s := start(t, func(c *Config, _ *Deps) { c.DrainTimeout = patience })
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
	eventually(t, func() bool { return s.server.streams.len() == 2 })
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
	if took := time.Since(began); took > patience/2 {
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
		"text/event-stream": true, "Text/Event-Stream;charset=utf-8": true, "application/json, text/event-stream;q=0.5": true,
		"": false, "*/*": false, "text/*": false, "application/json": false, "text/event-stream;q=0": false,
	} {
		if got := wantsStream(http.Header{"Accept": {accept}}); got != want {
			t.Errorf("Accept %q: %t", accept, got)
		}
	}
}

func TestNotifierPassesOn(t *testing.T) {
	next := new(Notifier)
	n := NewNotifier(next)
	_, wake := next.wait()
	events := []task.Event{{Seq: 5}, {Seq: 6}}
	n.Publish("e", events)
	<-wake
	got, _ := n.wait()
	for seq, want := range map[uint64]int{3: 0, 4: 2, 5: 1, 6: 0, 7: 0} {
		if after := got.after(task.Position{Epoch: "e", Seq: seq}); len(after) != want || (want > 0 && after[0].Seq != seq+1) {
			t.Errorf("after %d: %v", seq, after)
		}
	}
	if got.after(task.Position{Epoch: "other", Seq: 4}) != nil {
		t.Error("events of another epoch join on")
	}
}

// eventually waits for a condition that nothing announces.
func eventually(t testing.TB, condition func() bool) {
	t.Helper()
	deadline := time.NewTimer(patience)
	defer deadline.Stop()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for !condition() {
		select {
		case <-tick.C:
		case <-deadline.C:
			t.Fatal("it never came to that")
		}
	}
}
