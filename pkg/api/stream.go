package api

import (
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/taskctl/taskctl/pkg/task"
)

const (
	streamType = "text/event-stream"

	// streamBatch is how many events are read from the log at a time.
	streamBatch = 256
	// streamChunk is how many bytes are written at a time, each with a write
	// deadline of its own.
	streamChunk = 32 << 10
	// streamRetry is how long a browser waits before it comes back.
	streamRetry = time.Second
)

// stream sends the events that follow as they are committed, until the client or
// the server leaves. It is fed from the log at the pace of its reader; what it
// has not sent is nowhere else, so a slow one costs nothing.
//
// It begins only where the log can be read from: else the answer is a 410. When
// the log goes away from under it later, it says so with a reset event and goes
// on from the head.
func (s *Server) stream(x *exchange) error {
	f := &feed{server: s, x: x, control: http.NewResponseController(x.w)}
	if !s.streams.add(f) {
		return errStreams
	}
	defer s.streams.remove(f)
	var err error
	if f.at, err = s.streamStart(x); err != nil {
		return err
	}
	x.position(f.at)
	x.set("Content-Type", streamType)
	x.set("Cache-Control", "no-store")
	x.set("X-Accel-Buffering", "no") // a proxy must not wait for the end
	x.set("Connection", "close")     // it ends when the server leaves, and the next one is to be found
	x.sendEmpty(http.StatusOK)
	if x.r.Method == http.MethodHead {
		return nil
	}
	x.follows = true
	f.open()
	f.run()
	return nil
}

// feed is one stream under way.
type feed struct {
	server  *Server
	x       *exchange
	control *http.ResponseController
	at      task.Position // of the last event sent
	buf     []byte
	wrote   time.Time
	failed  bool // the client has gone, or takes nothing

	mu      sync.Mutex // guards the write deadline
	leaving bool
}

// open lifts the deadlines that are meant for plain answers, and tells the client
// its position, so that it can come back to it before there has been an event.
func (f *feed) open() {
	_ = f.control.SetReadDeadline(time.Time{}) // as in extend
	f.buf = append(f.buf, "retry: "...)
	f.buf = strconv.AppendInt(f.buf, streamRetry.Milliseconds(), 10)
	f.buf = append(f.buf, "\nid: "...)
	f.buf = append(f.buf, f.at.String()...)
	f.buf = append(f.buf, "\n\n"...)
	f.flush()
}

func (f *feed) run() {
	s := f.server
	check := time.NewTicker(min(s.cfg.LogCheck, s.cfg.Heartbeat))
	defer check.Stop()
	for look := true; !f.failed && !s.streams.closed(); {
		latest, wake := s.deps.Notifier.wait() // before the log is read, so that nothing falls between
		events := latest.after(f.at)
		look = events == nil && (look || latest.beyond(f.at))
		if look {
			events = f.read()
		}
		if events != nil {
			f.send(events)
			continue // from the log there may be more
		}
		look = false
		select {
		case <-wake:
		case <-check.C:
			look = true
			f.heartbeat()
		case <-s.streams.closing:
		case <-f.x.r.Context().Done():
			return
		}
	}
}

// heartbeat sends a comment where nothing else has been sent for a while.
func (f *feed) heartbeat() {
	if time.Since(f.wrote) >= f.server.cfg.Heartbeat {
		f.buf = append(f.buf, ": heartbeat\n\n"...)
		f.flush()
	}
}

// read returns what the log has for this client; nil: nothing now.
func (f *feed) read() []task.Event {
	events, head, err := f.server.deps.Store.Read(f.x.r.Context(), f.at, streamBatch)
	if gone, is := goneAt(err); is {
		f.reset(gone)
		return nil
	}
	if err != nil { // the client comes back to its position
		f.failed = true
		return nil
	}
	f.at.Epoch = head.Epoch
	return events
}

func (f *feed) send(events []task.Event) {
	for i := range events {
		e := &events[i]
		f.at.Seq = e.Seq
		f.begin(string(e.Type))
		f.buf = e.AppendJSON(f.buf)
		f.buf = append(f.buf, "\n\n"...)
		if len(f.buf) >= streamChunk {
			f.flush()
		}
	}
	f.flush()
	f.server.sent.Add(len(events))
}

// reset tells the client that it has to read the tasks anew, as the WebSocket
// server does.
func (f *feed) reset(gone *task.GoneError) {
	f.at = gone.Head
	f.begin("reset")
	f.buf = append(f.buf, `{"type":"reset","reason":"`...)
	f.buf = append(f.buf, gone.Reason...)
	f.buf = append(f.buf, `","seq":`...)
	f.buf = strconv.AppendUint(f.buf, gone.Head.Seq, 10)
	f.buf = append(f.buf, "}\n\n"...)
	f.flush()
}

// begin appends an event's lines up to its data, which are one line of JSON.
func (f *feed) begin(event string) {
	f.buf = append(f.buf, "id: "...)
	f.buf = append(f.buf, f.at.String()...)
	f.buf = append(f.buf, "\nevent: "...)
	f.buf = append(f.buf, event...)
	f.buf = append(f.buf, "\ndata: "...)
}

// flush sends what is in the buffer, within the write timeout.
func (f *feed) flush() {
	if f.failed || len(f.buf) == 0 {
		return
	}
	f.wrote = time.Now()
	f.extend(f.wrote.Add(f.server.cfg.WriteTimeout))
	_, err := f.x.w.Write(f.buf)
	if err == nil {
		err = f.control.Flush()
	}
	f.failed = err != nil
	if cap(f.buf) > 2*streamChunk {
		f.buf = nil
	}
	f.buf = f.buf[:0]
}

func (f *feed) extend(deadline time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.leaving {
		_ = f.control.SetWriteDeadline(deadline) // supported by every connection of net/http
	}
}

// leave gives a write that is under way until deadline, for good.
func (f *feed) leave(deadline time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.leaving = true
	_ = f.control.SetWriteDeadline(deadline) // as in extend
}
