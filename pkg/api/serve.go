package api

import (
	"context"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strconv"
	"time"

	"github.com/taskctl/taskctl/pkg/listen"
)

// exchange is one request and its answer.
type exchange struct {
	w       http.ResponseWriter
	r       *http.Request
	header  http.Header // of the answer
	taskID  string      // the {id} of the path, as it was sent
	reqID   string
	status  int  // of the answer; 0 until it has begun
	follows bool // the answer goes on until somebody leaves

	// values backs the answer's headers: http.Header wants a slice for each, and
	// this makes them one allocation together with the exchange.
	values [8]string
	used   int
}

// handler answers a request or returns why it cannot, which [Server.fail] then
// tells the client.
type handler func(x *exchange) error

// set puts a header, by its canonical key, into the answer.
func (x *exchange) set(key, value string) {
	if x.used == len(x.values) {
		x.header[key] = []string{value}
		return
	}
	x.values[x.used] = value
	x.used++
	x.header[key] = x.values[x.used-1 : x.used : x.used]
}

// context is the request's, without its end: net/http ends it as soon as a client
// has closed its side of the connection, which may still wait for the answer
// (RFC 9112 §9.6). What is done under it is bounded by itself: a write by how long
// the store waits for its file, a read by how much it looks at.
func (x *exchange) context() context.Context { return context.WithoutCancel(x.r.Context()) }

// send writes the answer. Nothing that the client could still be told can go
// wrong here: a write fails when the client has gone.
func (x *exchange) send(status int, contentType string, body []byte) {
	x.set("Content-Type", contentType)
	if len(body) > 2<<10 || x.r.Method == http.MethodHead { // net/http sees to the rest
		x.set("Content-Length", strconv.Itoa(len(body)))
	}
	x.status = status
	x.w.WriteHeader(status)
	_, _ = x.w.Write(body)
}

// sendEmpty writes an answer without a body.
func (x *exchange) sendEmpty(status int) {
	x.status = status
	x.w.WriteHeader(status)
}

// ServeHTTP answers one request, whatever is in it.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	began := time.Now()
	x := &exchange{w: w, r: r, header: w.Header()}
	x.reqID = s.requestID(r)
	x.set("X-Request-Id", x.reqID)
	x.set("X-Content-Type-Options", "nosniff")

	res := s.routes.find(x)
	res.meter.begin()
	defer func() {
		if cause := recover(); cause != nil {
			s.crashed(x, cause)
		}
		res.meter.end(x, time.Since(began))
		s.logRequest(x, began)
	}()
	if err := s.dispatch(x, res); err != nil {
		s.fail(x, err)
	}
}

// dispatch lets the request in, or not, and to whom.
func (s *Server) dispatch(x *exchange, res *resource) error {
	if listen.Spare(x.r) && !res.always {
		return errConns
	}
	if denied := s.cfg.Access.CheckSite(x.r); denied != nil {
		return &deniedError{denied}
	}
	preflight := allowOrigin(x)
	if !preflight && !res.page { // neither can carry the token (Fetch §4.8)
		if denied := s.cfg.Access.CheckToken(x.r); denied != nil {
			return &deniedError{denied}
		}
	}
	if res.methods == nil {
		return errNoRoute
	}
	if serve := res.methods[x.r.Method]; serve != nil {
		return serve(x)
	}
	x.set("Allow", res.allow)
	if x.r.Method != http.MethodOptions {
		return errMethod
	}
	if preflight {
		answerPreflight(x, res)
	}
	x.sendEmpty(http.StatusNoContent)
	return nil
}

// crashed answers for a handler that panicked. Our own mistakes must not look
// like a broken connection, nor take other requests along.
func (s *Server) crashed(x *exchange, cause any) {
	if cause == http.ErrAbortHandler { //nolint:errorlint // net/http compares it so too
		panic(cause)
	}
	s.log.Error("handler panicked", "request_id", x.reqID, "cause", cause, "stack", string(debug.Stack()))
	if x.status == 0 {
		s.fail(x, errCrashed)
		return
	}
	panic(http.ErrAbortHandler) // half an answer must not pass for a whole one
}

// logRequest writes the line of a request: no query, no header, no body, because
// they may hold secrets.
func (s *Server) logRequest(x *exchange, began time.Time) {
	ctx := x.r.Context()
	if !s.log.Enabled(ctx, slog.LevelDebug) {
		return
	}
	s.log.DebugContext(ctx, "request", "request_id", x.reqID, "method", x.r.Method, "path", x.r.URL.Path,
		"status", x.status, "took", time.Since(began), "remote", x.r.RemoteAddr)
}

// maxRequestID bounds the request id that is taken from a client.
const maxRequestID = 128

// requestID takes the client's own id where it is fit for a header and a log.
func (s *Server) requestID(r *http.Request) string {
	if id := r.Header["X-Request-Id"]; len(id) == 1 && saneID(id[0]) {
		return id[0]
	}
	buf := make([]byte, 0, 32)
	buf = append(buf, s.instance...)
	buf = append(buf, '-')
	return string(strconv.AppendUint(buf, s.requests.Add(1), 10))
}

func saneID(id string) bool {
	if id == "" || len(id) > maxRequestID {
		return false
	}
	for _, c := range []byte(id) {
		if c <= ' ' || c > '~' || c == '"' || c == '\\' {
			return false
		}
	}
	return true
}
