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

// boardFile hands the request to the board, which answers by itself.
func (s *Server) boardFile(x *exchange) error {
	if s.deps.Board == nil {
		return errNoRoute
	}
	s.deps.Board.ServeHTTP(&statusWriter{x.w, x}, x.r)
	x.status = cmp.Or(x.status, http.StatusOK)
	return nil
}

// statusWriter tells the exchange what somebody else answered.
type statusWriter struct {
	http.ResponseWriter
	x *exchange
}

func (w *statusWriter) WriteHeader(status int) {
	w.x.status = status
	w.ResponseWriter.WriteHeader(status)
}

func (w *statusWriter) Write(p []byte) (int, error) {
	w.x.status = cmp.Or(w.x.status, http.StatusOK)
	return w.ResponseWriter.Write(p)
}

// Unwrap lets http.ResponseController reach the connection.
func (w *statusWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
