package api

import (
	"cmp"
	"fmt"
	"net/http"
)

// index is the board, or a page that says where things are.
func (s *Server) index(x *exchange) error {
	if s.deps.Board != nil {
		return s.boardFile(x)
	}
	x.send(http.StatusOK, "text/plain; charset=utf-8", fmt.Appendf(nil, `taskctl %s

GET    /tasks          tasks, newest first: ?limit= &cursor= &completed= &q=
POST   /tasks          make one: {"title":"..."}
GET    /tasks/{id}     one task; PUT, PATCH and DELETE change it
GET    /events         what happened: ?since=EPOCH:SEQ &limit=
GET    /openapi.json   all of this, for programs
GET    /healthz /readyz /metrics

Notifications: %s
`, s.cfg.Version, s.cfg.WebSocketURL))
	return nil
}

// boardFile hands the request to the board, which answers by itself what it has.
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

// statusWriter tells the exchange what somebody else answered. That something is
// missing is ours to say, as a problem like all others.
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
