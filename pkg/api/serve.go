package api

import (
	"context"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strconv"
	"time"

	"taskctl/pkg/access"
	"taskctl/pkg/listen"
)

// exchange is one request and its answer.
type exchange struct {
	w        http.ResponseWriter
	r        *http.Request
	header   http.Header // of the answer
	taskID   string      // the {id} of the path, as it was sent
	reqID    string
	caller   access.Identity
	status   int  // of the answer; 0 until it has begun
	isStream bool // the answer is an event stream, which has no end of its own

	reserved int // bytes of its buffers, see buffers.go

	// values backs the answer's headers. http.Header has a slice for each value;
	// here they share one allocation with the exchange.
	values [10]string
	used   int
}

// handler answers a request, or returns an error that [Server.fail] answers.
type handler func(x *exchange) error

// set sets a header of the answer. The key must be canonical.
func (x *exchange) set(key, value string) {
	if x.used == len(x.values) {
		x.header[key] = []string{value}
		return
	}
	x.values[x.used] = value
	x.used++
	x.header[key] = x.values[x.used-1 : x.used : x.used]
}

// context is the request's context without its cancellation: net/http cancels it
// when the client half-closes the connection, and such a client may still wait for
// the answer (RFC 9112 §9.6). The store bounds its reads and writes itself.
func (x *exchange) context() context.Context { return context.WithoutCancel(x.r.Context()) }

// halfCloseGrace is how long an expensive read continues after the client has closed
// its side of the connection: it may still wait for the answer, or have disconnected.
const halfCloseGrace = time.Second

// contextWithGrace is the request's context, but its cancellation is delayed by
// halfCloseGrace.
func (x *exchange) contextWithGrace() (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(x.context())
	stop := context.AfterFunc(x.r.Context(), func() {
		select {
		case <-time.After(halfCloseGrace):
			cancel()
		case <-ctx.Done():
		}
	})
	return ctx, func() {
		stop()
		cancel()
	}
}

// send writes the answer. It fails only when the client has disconnected.
func (x *exchange) send(status int, contentType string, body []byte) {
	x.set("Content-Type", contentType)
	if len(body) > 2<<10 || x.r.Method == http.MethodHead { // net/http sets it for smaller ones
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

// ServeHTTP answers every request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	began := time.Now()
	x := &exchange{w: w, r: r, header: w.Header()}
	x.reqID = s.requestID(r)
	x.set("X-Request-Id", x.reqID)
	x.set("X-Content-Type-Options", "nosniff")
	x.set("Cache-Control", "no-store")
	x.set("Vary", "Origin")

	res := s.routes.find(x)
	res.meter.begin()
	defer func() {
		if cause := recover(); cause != nil {
			s.recovered(x, cause)
		}
		s.unreserve(x)
		res.meter.end(x, time.Since(began))
		s.logRequest(x, began)
	}()
	if err := s.dispatch(x, res); err != nil {
		s.fail(x, err)
	}
}

// dispatch checks whether the request is allowed, and calls its handler.
func (s *Server) dispatch(x *exchange, res *resource) error {
	if x.r.ProtoMajor > 1 {
		defer s.multiplexed.Add(-1)
		if s.multiplexed.Add(1) > int64(s.cfg.MaxConns) && !res.always {
			return errConns
		}
	}
	if listen.Refused(x.r) && !res.always {
		return errConns
	}
	siteDenied := s.cfg.Access.CheckSite(x.r)
	if siteDenied != nil && !res.page { // a page tells its reader about the missing setting
		return &deniedError{siteDenied}
	}
	preflight := siteDenied == nil && allowOrigin(x)
	if !preflight { // a preflight request cannot carry a token (Fetch §4.8)
		var denied *access.Denied
		x.caller, denied = s.cfg.Access.Authorize(x.r, res.scope(x.r.Method))
		if !res.health {
			quota := s.cfg.Access.Take(x.r, x.caller)
			quota.Headers(x.header)
			if !quota.Allowed {
				return errRate
			}
		}
		if denied != nil {
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
	if res.methods[http.MethodPatch] != nil {
		x.set("Accept-Patch", patchTypes)
	}
	x.sendEmpty(http.StatusNoContent)
	return nil
}

// recovered answers 500 after a panic, so that a bug in the server does not look like a
// broken connection.
func (s *Server) recovered(x *exchange, cause any) {
	if cause == http.ErrAbortHandler { //nolint:errorlint // net/http compares it in the same way
		panic(cause)
	}
	s.log.Error("handler panicked", "request_id", x.reqID, "cause", cause, "stack", string(debug.Stack()))
	if x.status == 0 {
		s.fail(x, errPanic)
		return
	}
	panic(http.ErrAbortHandler) // so that the client notices that the answer is incomplete
}

// logRequest logs the request without query, headers and body, which may hold
// secrets.
func (s *Server) logRequest(x *exchange, began time.Time) {
	ctx := x.r.Context()
	level := slog.LevelDebug
	if s.cfg.AccessLog {
		level = slog.LevelInfo
	}
	if !s.log.Enabled(ctx, level) {
		return
	}
	s.log.Log(ctx, level, "request", "request_id", x.reqID, "method", x.r.Method, "path", x.r.URL.Path,
		"status", x.status, "took", time.Since(began), "remote", s.cfg.Access.Proxies.Client(x.r).String(), "token", x.caller.Name)
}

// maxRequestID bounds a request id from a client, in bytes.
const maxRequestID = 128

// requestID returns the client's id, if it is valid, or a new one.
func (s *Server) requestID(r *http.Request) string {
	if id := r.Header["X-Request-Id"]; len(id) == 1 && validRequestID(id[0]) {
		return id[0]
	}
	buf := make([]byte, 0, 32)
	buf = append(buf, s.instance...)
	buf = append(buf, '-')
	return string(strconv.AppendUint(buf, s.requests.Add(1), 10))
}

// validRequestID reports whether the id can be repeated in a header and a log.
func validRequestID(id string) bool {
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
