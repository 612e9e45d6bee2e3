package wsserver

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/gorilla/websocket"

	"taskctl/pkg/access"
	"taskctl/pkg/listen"
	"taskctl/pkg/task"
)

// handshakeTimeout bounds how long writing the handshake response may take.
const handshakeTimeout = 10 * time.Second

// newUpgrader returns an upgrader that is used for the handshake only. There is no
// compression, because a frame is encoded once for all clients.
func newUpgrader() *websocket.Upgrader {
	return &websocket.Upgrader{
		HandshakeTimeout: handshakeTimeout,
		ReadBufferSize:   readBufferSize,
		WriteBufferPool:  new(sync.Pool),                           // nothing is written through gorilla
		CheckOrigin:      func(*http.Request) bool { return true }, // Access has checked it
		Error: func(w http.ResponseWriter, _ *http.Request, status int, reason error) {
			sendProblem(w, status, strings.TrimPrefix(reason.Error(), "websocket: "))
		},
	}
}

// subscribe is the handler of / and /ws.
func (s *Server) subscribe(w http.ResponseWriter, r *http.Request, caller access.Identity) {
	if !websocket.IsWebSocketUpgrade(r) {
		w.Header().Set("Upgrade", "websocket")
		w.Header().Set("Connection", "Upgrade")
		sendProblem(w, http.StatusUpgradeRequired, "notifications come over a WebSocket; connect with a WebSocket client")
		return
	}
	if r.Header.Get("Sec-WebSocket-Version") != "13" {
		w.Header().Set("Sec-WebSocket-Version", "13")
		sendProblem(w, http.StatusUpgradeRequired, "only version 13 of the WebSocket protocol is supported")
		return
	}
	if fault := checkHandshake(r); fault != "" {
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
		s.logger.Warn("find the position to resume from", "error", err)
		unavailable(w, "the event log cannot be read at the moment; try again")
		return
	}
	if !s.hub.reserve() {
		unavailable(w, "the maximum number of clients is connected; try again later")
		return
	}
	s.hub.handshakes.Add(1)
	defer s.hub.handshakes.Done()
	header := make(http.Header)
	if name := s.config.Access.Subprotocol(r); name != "" {
		header.Set("Sec-WebSocket-Protocol", name)
	}
	conn, err := s.upgrader.Upgrade(w, r, header)
	if err != nil { // the upgrader has answered
		s.hub.release()
		return
	}
	s.hub.admit(admission{conn: listen.Slim(conn.NetConn()), filter: filter, at: at, caller: &caller})
}

// checkHandshake returns what is wrong with a handshake in the cases that
// gorilla/websocket accepts against RFC 6455 §4.2.1, §11.3.1 and §11.3.5; empty:
// nothing is wrong.
func checkHandshake(r *http.Request) string {
	switch {
	case !r.ProtoAtLeast(1, 1):
		return "a WebSocket handshake needs HTTP/1.1"
	case len(r.Header.Values("Sec-WebSocket-Version")) > 1, len(r.Header.Values("Sec-WebSocket-Key")) > 1:
		return "Sec-WebSocket-Version and Sec-WebSocket-Key must be given once"
	}
	return ""
}

// parseParameters reads the query of a subscription. An unknown parameter is an
// error, because a mistyped since would lose events without notice.
func parseParameters(query string) (since *task.Position, f *filter, err error) {
	values, err := url.ParseQuery(query)
	if err != nil {
		return nil, nil, errors.New("the query string is malformed")
	}
	for name, given := range values {
		switch {
		case name != "since" && name != "types" && name != "task":
			return nil, nil, errors.New("unknown query parameter; use since, types or task")
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
