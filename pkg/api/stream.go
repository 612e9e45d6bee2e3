package api

import (
	"net/http"
	"strconv"
	"time"

	"taskctl/pkg/eventlog"
	"taskctl/pkg/task"
	"taskctl/pkg/wait"
)

const (
	streamType = "text/event-stream"

	// streamChunk is the number of bytes that are written at a time, each time with
	// a new deadline.
	streamChunk = 32 << 10
	// revokedCheckInterval is how often a stream checks whether its token has been
	// revoked.
	revokedCheckInterval = 500 * time.Millisecond
	// streamRetry is how long a browser waits before it reconnects.
	streamRetry = time.Second
)

// stream sends events as they are committed, until the client disconnects or the server
// stops. Its cursor reads at the pace of the client, so a slow client costs no memory.
//
// If the log cannot be read from the stream's position, at the beginning or later, the
// stream sends a reset event and continues from the head.
func (s *Server) stream(x *exchange) error {
	f := &feed{server: s, x: x}
	f.deadline.init(x, s.cfg.WriteTimeout)
	defer f.deadline.close()
	if !s.streams.add(f, s.networkOf(x)) {
		return errStreams
	}
	defer s.streams.remove(f)
	at, gone, err := s.streamStart(x)
	if err != nil {
		return err
	}
	x.setPosition(at)
	x.set("Content-Type", streamType)
	x.set("X-Accel-Buffering", "no") // a proxy must not buffer the answer
	if x.r.ProtoMajor == 1 {
		x.set("Connection", "close") // the client needs a new connection when this server stops
	}
	x.sendEmpty(http.StatusOK)
	if x.r.Method == http.MethodHead {
		return nil
	}
	x.isStream = true
	f.open(at, gone)
	f.run(s.fanout.Cursor(at))
	return nil
}

// feed is one open stream.
type feed struct {
	server   *Server
	x        *exchange
	deadline writeDeadline
	buf      []byte
	lastSent time.Time
	failed   bool // the client has disconnected, or accepts no bytes
}

// open removes the read deadline, which is for plain answers, and sends the client its
// position, so that it can resume even before the first event. After a reset, the reset
// event carries the position, so that no client gets one without the other.
func (f *feed) open(at task.Position, gone *task.GoneError) {
	_ = f.deadline.control.SetReadDeadline(time.Time{}) // supported by every connection of net/http
	f.buf = append(f.buf, "retry: "...)
	f.buf = strconv.AppendInt(f.buf, streamRetry.Milliseconds(), 10)
	f.buf = append(f.buf, '\n')
	if gone != nil {
		f.reset(gone)
		return
	}
	f.buf = append(f.buf, "id: "...)
	f.buf = append(f.buf, at.String()...)
	f.buf = append(f.buf, "\n\n"...)
	f.flush()
}

func (f *feed) run(cursor *eventlog.Cursor) {
	s, ctx := f.server, f.x.r.Context()
	heartbeat := time.NewTicker(s.cfg.Heartbeat)
	defer heartbeat.Stop()
	revoked := time.NewTicker(revokedCheckInterval)
	defer revoked.Stop()
	for !f.failed && !wait.IsClosed(s.streams.closing) {
		events, changed, err := cursor.Next(ctx)
		gone, isGone := eventlog.GoneOf(err)
		switch {
		case isGone:
			f.reset(gone)
			continue
		case err != nil: // the client reconnects and resumes
			return
		case len(events) > 0:
			f.send(cursor.Position().Epoch, events)
			continue
		}
		select {
		case <-changed:
		case <-heartbeat.C:
			f.heartbeat()
		case <-revoked.C:
			if !s.cfg.Access.Tokens.Valid(f.x.caller) {
				return
			}
		case <-s.streams.closing:
		case <-ctx.Done():
			return
		}
	}
}

// heartbeat sends a comment if nothing else was sent within the interval.
func (f *feed) heartbeat() {
	if time.Since(f.lastSent) >= f.server.cfg.Heartbeat {
		f.buf = append(f.buf, ": heartbeat\n\n"...)
		f.flush()
	}
}

func (f *feed) send(epoch string, events []task.Event) {
	for i := range events {
		e := &events[i]
		f.begin(task.Position{Epoch: epoch, Seq: e.Seq}, string(e.Type))
		f.buf = e.AppendJSON(f.buf)
		f.buf = append(f.buf, "\n\n"...)
		if len(f.buf) >= streamChunk {
			f.flush()
		}
	}
	f.flush()
	f.server.sent.Add(len(events))
}

// reset tells the client to read the tasks again. The message is the same as on the
// WebSocket.
func (f *feed) reset(gone *task.GoneError) {
	f.begin(gone.Head, "reset")
	f.buf = append(f.buf, `{"type":"reset","reason":"`...)
	f.buf = append(f.buf, gone.Reason...)
	f.buf = append(f.buf, `","seq":`...)
	f.buf = strconv.AppendUint(f.buf, gone.Head.Seq, 10)
	f.buf = append(f.buf, "}\n\n"...)
	f.flush()
}

// begin appends the lines of an event that come before its data, one line of JSON.
func (f *feed) begin(at task.Position, event string) {
	f.buf = append(f.buf, "id: "...)
	f.buf = append(f.buf, at.String()...)
	f.buf = append(f.buf, "\nevent: "...)
	f.buf = append(f.buf, event...)
	f.buf = append(f.buf, "\ndata: "...)
}

// flush sends the buffer, unless an earlier write has failed.
func (f *feed) flush() {
	if f.failed || len(f.buf) == 0 {
		return
	}
	f.lastSent = time.Now()
	f.deadline.begin()
	defer f.deadline.end()
	_, err := f.x.w.Write(f.buf)
	if err == nil {
		err = f.deadline.control.Flush()
	}
	f.failed = err != nil
	if cap(f.buf) > 2*streamChunk {
		f.buf = nil
	}
	f.buf = f.buf[:0]
}
