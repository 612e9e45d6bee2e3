package clienttest

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/gorilla/websocket"
	"taskctl/pkg/task"
)

// stream is one connection of the notifications.
type stream struct {
	conn  *websocket.Conn
	since task.Position
	types []string
	task  string
	ended chan struct{} // closed when the client has disconnected
}

// CloseStreams ends every connection with a close code; 1006: without a close frame.
func (s *Server) CloseStreams(code int, reason string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for st := range s.streams {
		st.end(code, reason)
	}
}

// Heartbeat sends a heartbeat with seq to every connection.
func (s *Server) Heartbeat(seq uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for st := range s.streams {
		_ = st.conn.WriteMessage(websocket.TextMessage, fmt.Appendf(nil, `{"type":"heartbeat","seq":%d}`, seq))
	}
}

func (st *stream) end(code int, reason string) {
	if code != websocket.CloseAbnormalClosure {
		_ = st.conn.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(code, reason), time.Now().Add(time.Second))
	}
	_ = st.conn.Close()
}

func (s *Server) serveWebSocket(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	answered := s.script.Upgrade != nil && s.script.Upgrade(w, r)
	s.mu.Unlock()
	if answered {
		return
	}
	query := r.URL.Query()
	since, err := task.ParsePosition(query.Get("since"))
	if err != nil && query.Has("since") {
		http.Error(w, "since "+err.Error(), http.StatusBadRequest)
		return
	}
	upgrader := websocket.Upgrader{}
	conn, err := upgrader.Upgrade(w, r, nil)
	if err != nil {
		return
	}
	st := &stream{conn: conn, since: since, task: query.Get("task"), ended: make(chan struct{})}
	if query.Has("types") {
		st.types = strings.Split(query.Get("types"), ",")
	}
	go func() {
		defer close(st.ended)
		for {
			if _, _, err := conn.ReadMessage(); err != nil {
				return
			}
		}
	}()
	s.feed(st, query.Has("since"))
	_ = conn.Close()
	<-st.ended
}

// feed sends the welcome and then events, each under the lock, so that a test can stop
// all sending by holding the lock.
func (s *Server) feed(st *stream, resume bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.streams[st] = struct{}{}
	defer delete(s.streams, st)
	at, reason := s.head(), task.GoneReason("")
	if resume {
		reason = s.gone(st.since)
		if reason == "" {
			at.Seq = st.since.Seq
		}
	}
	welcome := fmt.Appendf(nil, `{"type":"connected","message":"hello","clients":%d,"seq":%d,"epoch":%q,"resumed":%t}`,
		len(s.streams), at.Seq, at.Epoch, resume && reason == "")
	if st.conn.WriteMessage(websocket.TextMessage, welcome) != nil {
		return
	}
	if reason != "" && st.reset(reason, at.Seq) != nil {
		return
	}
	prev := at.Seq
	for sent := 0; ; {
		if s.epoch != at.Epoch {
			at = s.head()
			prev = at.Seq
			if st.reset(task.GoneEpoch, at.Seq) != nil {
				return
			}
		}
		for at.Seq >= s.first-1 && at.Seq < s.head().Seq {
			e := s.events[at.Seq+1-s.first]
			at.Seq++
			if !st.wants(e) {
				continue
			}
			fate := Fate{}
			if s.script.Send != nil {
				fate = s.script.Send(sent, e)
			}
			sent++
			if fate.Code != 0 {
				st.end(fate.Code, fate.Reason)
				return
			}
			if !st.send(e, prev, fate) {
				return
			}
			prev = e.Seq
		}
		grown := s.grown
		s.mu.Unlock()
		select {
		case <-grown:
		case <-st.ended:
		}
		s.mu.Lock()
		select {
		case <-st.ended:
			return
		default:
		}
	}
}

func (st *stream) reset(reason task.GoneReason, seq uint64) error {
	return st.conn.WriteMessage(websocket.TextMessage, fmt.Appendf(nil, `{"type":"reset","reason":%q,"seq":%d}`, reason, seq))
}

func (st *stream) wants(e task.Event) bool {
	return (st.types == nil || slices.Contains(st.types, string(e.Type))) && (st.task == "" || st.task == e.TaskID)
}

func (st *stream) send(e task.Event, prev uint64, fate Fate) bool {
	if fate.Skip {
		return true
	}
	frame := e.AppendJSON(nil)
	if st.types != nil || st.task != "" {
		frame = e.AppendJSONPrev(nil, prev)
	}
	for range 1 + map[bool]int{true: 1}[fate.Repeat] {
		if st.conn.WriteMessage(websocket.TextMessage, frame) != nil {
			return false
		}
	}
	return true
}

// gone is the reason why the log cannot be read from a position; empty: it can be read.
func (s *Server) gone(p task.Position) task.GoneReason {
	switch {
	case p.Epoch != "" && p.Epoch != s.epoch:
		return task.GoneEpoch
	case p.Seq > s.head().Seq:
		return task.GoneAhead
	case p.Seq < s.first-1:
		return task.GoneTooOld
	}
	return ""
}
