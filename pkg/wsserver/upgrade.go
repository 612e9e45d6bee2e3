package wsserver

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/gorilla/websocket"

	"github.com/taskctl/taskctl/pkg/task"
)

// handshakeTimeout bounds the writing of the answer to a handshake.
const handshakeTimeout = 10 * time.Second

// newUpgrader does the handshake and nothing more. Nothing is compressed: frames
// are made once for everybody.
func newUpgrader() *websocket.Upgrader {
	return &websocket.Upgrader{
		HandshakeTimeout: handshakeTimeout,
		ReadBufferSize:   inboundBuffer,
		WriteBufferPool:  new(sync.Pool),                           // nothing is written through gorilla
		CheckOrigin:      func(*http.Request) bool { return true }, // access has
		Error: func(w http.ResponseWriter, _ *http.Request, status int, reason error) {
			sendProblem(w, status, strings.TrimPrefix(reason.Error(), "websocket: "))
		},
	}
}

// subscribe is the handler of / and /ws.
func (s *Server) subscribe(w http.ResponseWriter, r *http.Request) {
	if !websocket.IsWebSocketUpgrade(r) {
		w.Header().Set("Upgrade", "websocket")
		w.Header().Set("Connection", "Upgrade")
		sendProblem(w, http.StatusUpgradeRequired, "notifications come over a WebSocket; connect with a WebSocket client")
		return
	}
	if r.Header.Get("Sec-WebSocket-Version") != "13" {
		w.Header().Set("Sec-WebSocket-Version", "13")
		sendProblem(w, http.StatusUpgradeRequired, "version 13 of the WebSocket protocol is spoken here")
		return
	}
	if fault := handshakeFault(r); fault != "" {
		sendProblem(w, http.StatusBadRequest, fault)
		return
	}
	since, filter, err := parseParameters(r.URL.RawQuery)
	if err != nil {
		sendProblem(w, http.StatusBadRequest, err.Error())
		return
	}
	at, err := s.hub.resolve(r.Context(), since)
	if err != nil {
		s.logger.Warn("looking for the place to resume from", "error", err)
		unavailable(w, "the event log cannot be read now")
		return
	}
	if !s.hub.reserve() {
		unavailable(w, "as many clients as are allowed are connected")
		return
	}
	s.hub.handshakes.Add(1)
	defer s.hub.handshakes.Done()
	header := make(http.Header)
	if name := s.config.Access.Subprotocol(r); name != "" {
		header.Set("Sec-WebSocket-Protocol", name)
	}
	conn, err := s.upgrader.Upgrade(w, r, header)
	if err != nil { // the client has been told
		s.hub.release()
		return
	}
	s.hub.admit(conn.NetConn(), filter, at)
}

// handshakeFault is what a handshake must not be (RFC 6455 §4.2.1, §11.3.1 and
// §11.3.5) and gorilla/websocket takes all the same; empty: it is sound.
func handshakeFault(r *http.Request) string {
	switch {
	case !r.ProtoAtLeast(1, 1):
		return "a WebSocket handshake needs HTTP/1.1"
	case len(r.Header.Values("Sec-WebSocket-Version")) > 1, len(r.Header.Values("Sec-WebSocket-Key")) > 1:
		return "Sec-WebSocket-Version and Sec-WebSocket-Key must be given once"
	}
	return ""
}

// parseParameters reads the query of a subscription. What it does not know is an
// error: a mistyped since would lose events in silence.
func parseParameters(query string) (since *task.Position, f *filter, err error) {
	values, err := url.ParseQuery(query)
	if err != nil {
		return nil, nil, errors.New("the query is malformed")
	}
	for name, given := range values {
		switch {
		case name != "since" && name != "types" && name != "task":
			return nil, nil, errors.New("unknown parameter; there are since, types and task")
		case len(given) > 1:
			return nil, nil, task.Invalid(name, "must be given once")
		case given[0] == "":
			return nil, nil, task.Invalid(name, "must not be empty")
		}
	}
	if text := values.Get("since"); text != "" {
		position, err := task.ParsePosition(text)
		if err != nil {
			return nil, nil, task.Invalid("since", err.Error())
		}
		since = &position
	}
	f, err = parseFilter(values.Get("types"), values.Get("task"))
	return since, f, err
}
