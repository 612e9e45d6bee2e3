package api

import (
	"errors"
	"io"
	"log/slog"
	"net/http"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/go-json-experiment/json"

	"taskctl/pkg/task"
)

// problemBody is an error as JSON (RFC 9457).
type problemBody struct {
	Type   string      `json:"type"`
	Title  string      `json:"title"`
	Status int         `json:"status"`
	Detail string      `json:"detail"`
	Field  string      `json:"field,omitzero"`  // the first invalid field
	Errors []faultBody `json:"errors,omitzero"` // all invalid fields
	Reason string      `json:"reason,omitzero"` // for 410, like Seq and Epoch
	Seq    *uint64     `json:"seq,omitzero"`
	Epoch  string      `json:"epoch,omitzero"`
}

type faultBody struct {
	Field   string `json:"field"`
	Message string `json:"message"`
}

const problemType = "application/problem+json"

// problem describes the answer to an error (RFC 9457).
type problem struct {
	Status int
	Detail string

	kind      string // the end of the type URI
	field     string // the invalid field, if faults is empty
	faults    faults
	gone      *task.GoneError
	retry     bool   // Retry-After: the same request may succeed later
	challenge string // the WWW-Authenticate header; empty: there is none
}

func (p *problem) body() problemBody {
	b := problemBody{
		Type:   "urn:taskctl:problem:" + p.kind,
		Title:  http.StatusText(p.Status),
		Status: p.Status,
		Detail: p.Detail,
		Field:  p.field,
	}
	for _, fault := range p.faults {
		b.Errors = append(b.Errors, faultBody{fault.Field, fault.Reason})
	}
	if len(p.faults) > 0 {
		b.Field = p.faults[0].Field
	}
	if p.gone != nil {
		b.Reason, b.Seq, b.Epoch = string(p.gone.Reason), &p.gone.Head.Seq, p.gone.Head.Epoch
	}
	return b
}

// fail answers with the problem for err. Only errors of the server are logged, so that
// invalid requests cannot fill the log.
func (s *Server) fail(x *exchange, err error) {
	err = s.explain(x, err)
	p := problemOf(err)
	switch {
	case errors.Is(err, task.ErrUnavailable) && !s.unavailable.due():
	case isOverload(err):
		s.logOverload(err)
		if x.r.ProtoMajor == 1 {
			x.set("Connection", "close") // makes room for another client
		}
	case p.Status >= http.StatusInternalServerError:
		level := slog.LevelError
		if p.retry {
			level = slog.LevelWarn
		}
		s.log.Log(x.r.Context(), level, "request failed", "request_id", x.reqID,
			"method", x.r.Method, "path", x.r.URL.Path, "status", p.Status, "error", err)
	}
	body, err := json.Marshal(p.body())
	if err != nil {
		s.log.Error("encode problem", "request_id", x.reqID, "error", err)
	}
	if p.retry {
		x.set("Retry-After", "1")
	}
	if p.challenge != "" {
		x.set("Www-Authenticate", p.challenge)
	}
	if p.gone != nil {
		x.setPosition(p.gone.Head)
	}
	x.set("Content-Length", strconv.Itoa(len(body))) // linger flushes, and net/http would send the body in chunks
	x.send(p.Status, problemType, body)
	x.linger()
}

// lingerTime bounds how long the rest of a refused request is read.
const lingerTime = 2 * time.Second

// linger reads the rest of the body after the answer. Closing a connection with
// unread input resets it, and a client that is still sending would not see the
// answer (RFC 9112 §9.6). A client that sent Expect has not sent its body.
func (x *exchange) linger() {
	if x.r.ContentLength == 0 || x.r.Header["Expect"] != nil {
		return
	}
	control := http.NewResponseController(x.w)
	if control.Flush() != nil {
		return // the client has disconnected
	}
	_ = control.SetReadDeadline(time.Now().Add(lingerTime)) // on an error the deadline of the request remains
	_, _ = io.Copy(io.Discard, x.r.Body)
}

// explain adds the reason why the store refused a write, if the store knows it.
func (s *Server) explain(x *exchange, err error) error {
	checker, ok := s.deps.Store.(task.WriteChecker)
	if !ok || !errors.Is(err, task.ErrUnavailable) || x.r.Method == http.MethodGet || x.r.Method == http.MethodHead {
		return err
	}
	if reason := checker.CheckWrite(x.context()); reason != nil {
		return &notWritableError{reason}
	}
	return err
}

// throttle limits how often one kind of line is logged.
type throttle struct {
	interval time.Duration
	last     atomic.Int64 // in Unix nanoseconds
}

// due returns true at most once per interval.
func (t *throttle) due() bool {
	last, now := t.last.Load(), time.Now().UnixNano()
	return now-last >= int64(t.interval) && t.last.CompareAndSwap(last, now)
}

// isOverload reports whether a request was refused because a limit is reached.
func isOverload(err error) bool {
	return errors.Is(err, errConns) || errors.Is(err, errStreams) || errors.Is(err, errBuffers)
}

// logOverload logs, at most once a minute, that clients are refused.
func (s *Server) logOverload(err error) {
	if s.overload.due() {
		s.log.Warn("requests are answered 503", "reason", err, "max_conns", s.cfg.MaxConns, "max_streams", s.cfg.MaxStreams)
	}
}

// malformed is the answer to a malformed request, for [listen.Server].
func malformed(status int, reason string) (contentType string, body []byte) {
	p := problem{Status: status, kind: "malformed", Detail: reason}
	body, _ = json.Marshal(p.body()) // cannot fail for text and numbers
	return problemType, body
}
