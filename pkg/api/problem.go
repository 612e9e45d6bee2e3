package api

import (
	"errors"
	"io"
	"log/slog"
	"net/http"
	"strconv"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/taskctl/taskctl/pkg/access"
	"github.com/taskctl/taskctl/pkg/task"
)

const problemType = "application/problem+json"

// problem is an error as the client gets it (RFC 9457), besides what belongs in
// the headers.
type problem struct {
	Status int
	Detail string

	kind      string // the end of the type URI
	field     string // at fault, where there are no faults
	faults    faults
	gone      *task.GoneError
	retry     bool // the same request may succeed later
	challenge bool // a token would help
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

// fail answers with the problem that err is to the client, and logs it where it
// is ours: nobody can fill our log with mistakes of theirs.
func (s *Server) fail(x *exchange, err error) {
	p := problemOf(err)
	switch {
	case errors.Is(err, errConns):
		s.crowded()
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
	if p.challenge {
		x.set("Www-Authenticate", access.Challenge)
	}
	if p.gone != nil {
		x.position(p.gone.Head)
	}
	x.set("Content-Length", strconv.Itoa(len(body)))
	x.send(p.Status, problemType, body)
	x.linger()
}

// lingerTime is how long a request that was refused is read on.
const lingerTime = 2 * time.Second

// linger takes in what is left of a body after the answer. A connection that is
// closed with input unread is reset, and a client that is still sending would not
// see why (RFC 9112 §9.6). One that asked whether to send its body does not.
func (x *exchange) linger() {
	if x.r.ContentLength == 0 || x.r.Header["Expect"] != nil {
		return
	}
	control := http.NewResponseController(x.w)
	if control.Flush() != nil {
		return // the client has gone
	}
	_ = control.SetReadDeadline(time.Now().Add(lingerTime)) // or the one for the request stands
	_, _ = io.Copy(io.Discard, x.r.Body)
}

// crowded logs, once a minute, that connections are turned away.
func (s *Server) crowded() {
	last, now := s.saidCrowded.Load(), time.Now().Unix()
	if now-last >= 60 && s.saidCrowded.CompareAndSwap(last, now) {
		s.log.Warn("more connections than are served at once: requests on the others are answered 503")
	}
}

// malformed is the problem of what is no request, for [listen.Server].
func malformed(status int, reason string) (contentType string, body []byte) {
	p := problem{Status: status, kind: "malformed", Detail: reason}
	body, _ = json.Marshal(p.body()) // of text and numbers
	return problemType, body
}
