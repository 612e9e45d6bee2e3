package api

import (
	"cmp"
	"fmt"
	"net/http"
)

// index is the board, or a text page that lists the routes.
func (s *Server) index(x *exchange) error {
	if s.deps.Board != nil {
		return s.boardFile(x)
	}
	x.send(http.StatusOK, "text/plain; charset=utf-8", fmt.Appendf(nil, `taskctl %s

GET    /tasks          tasks, newest first: ?limit= &cursor= &completed= &q=
POST   /tasks          create a task: {"title":"..."}
GET    /tasks/{id}     one task; PUT, PATCH and DELETE change it
GET    /events         the event log: ?since=EPOCH:SEQ &limit=
GET    /openapi.json   the description of this API, for programs
GET    /healthz /readyz /metrics

Notifications: %s
`, s.cfg.Version, s.cfg.WebSocketURL))
	return nil
}

// boardFile passes the request to the board.
func (s *Server) boardFile(x *exchange) error {
	if s.deps.Board == nil {
		return errNoRoute
	}
	w := &statusWriter{ResponseWriter: x.w, x: x}
	s.deps.Board.ServeHTTP(w, x.r)
	if w.missing {
		return errNoRoute
	}
	x.status = cmp.Or(x.status, http.StatusOK)
	return nil
}

// statusWriter records the status of the board's answer. It suppresses a 404, which
// is answered as a problem instead.
type statusWriter struct {
	http.ResponseWriter
	x       *exchange
	missing bool
}

func (w *statusWriter) WriteHeader(status int) {
	if status == http.StatusNotFound {
		w.missing = true
		return
	}
	w.x.status = status
	w.ResponseWriter.WriteHeader(status)
}

func (w *statusWriter) Write(p []byte) (int, error) {
	if w.missing {
		return len(p), nil
	}
	w.x.status = cmp.Or(w.x.status, http.StatusOK)
	return w.ResponseWriter.Write(p)
}

// Unwrap lets http.ResponseController reach the connection.
func (w *statusWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
