package client

import (
	"errors"
	"fmt"
	"mime"
	"net/http"
	"strconv"
	"time"

	"github.com/go-json-experiment/json"
	"taskctl/pkg/task"
)

// Problem is an error answer (RFC 9457, problem details). It matches the errors of
// package task, so that callers can use errors.Is(err, task.ErrNotFound) instead of
// status codes.
type Problem struct {
	Status int    // the HTTP status
	Type   string // URI of the kind of problem: urn:taskctl:problem:…
	Title  string
	Detail string
	Fields []Field // the invalid fields of the request, if the server names them

	// Reason is why events are not available, in an answer that is task.ErrGone.
	Reason task.GoneReason
	// Position is the head of the event log, if the answer has it.
	Position task.Position
	// RetryAfter is the wait that the server asks for; 0: none.
	RetryAfter time.Duration
}

const typePrefix = "urn:taskctl:problem:"

// Field is one invalid field of a request.
type Field struct {
	Name   string `json:"field"`   // as in the request: "title", "limit"
	Reason string `json:"message"` // completes a sentence that begins with the name
}

func (p *Problem) Error() string {
	text := p.Detail
	if text == "" {
		text = p.Title
	}
	return fmt.Sprintf("%s (HTTP %d)", text, p.Status)
}

// Is matches the errors of package task.
func (p *Problem) Is(target error) bool {
	switch p.Status {
	case http.StatusNotFound: // any other 404 means a wrong address, not a missing task
		return target == task.ErrNotFound && p.Type == typePrefix+"task-not-found"
	case http.StatusPreconditionFailed:
		return target == task.ErrVersion
	case http.StatusGone:
		return target == task.ErrGone
	case http.StatusBadRequest, http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType:
		return target == task.ErrInvalid
	case http.StatusUnprocessableEntity:
		if p.Type == typePrefix+"key-reused" {
			return target == task.ErrKeyReused
		}
		return target == task.ErrInvalid
	}
	return target == task.ErrUnavailable && p.temporary()
}

// As returns the *task.GoneError of an answer with status 410.
func (p *Problem) As(target any) bool {
	gone, ok := target.(**task.GoneError)
	if ok = ok && p.Status == http.StatusGone; ok {
		*gone = &task.GoneError{Reason: p.Reason, Head: p.Position}
	}
	return ok
}

// Foreign reports whether nothing in the answer shows that taskctl gave it: another
// program listens at the address, or a proxy on the way has answered.
func (p *Problem) Foreign() bool {
	return p.Type == "" && p.Detail == "" && p.Status != http.StatusUnauthorized && !p.temporary()
}

// temporary reports whether the same request may succeed later.
func (p *Problem) temporary() bool {
	switch p.Status {
	case http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return true
	}
	return false
}

// wireProblem is a problem document.
type wireProblem struct {
	Type   string          `json:"type"`
	Title  string          `json:"title"`
	Detail string          `json:"detail"`
	Reason task.GoneReason `json:"reason"`
	Field  string          `json:"field"`
	Errors []Field         `json:"errors"`
}

// newProblem reads an error answer. If the body is not a problem document (a proxy's
// page, another program's answer), only the status is known.
func newProblem(status int, header http.Header, body []byte) *Problem {
	p := &Problem{Status: status, Title: http.StatusText(status), RetryAfter: retryAfter(header)}
	p.Position, _ = task.ParsePosition(header.Get(positionHeader))
	if p.Title == "" {
		p.Title = "status " + strconv.Itoa(status)
	}
	var wire wireProblem
	if !isJSON(header) || json.Unmarshal(body, &wire) != nil {
		return p
	}
	p.Type, p.Detail, p.Reason = wire.Type, wire.Detail, wire.Reason
	if wire.Title != "" {
		p.Title = wire.Title
	}
	p.Fields = wire.Errors
	if len(p.Fields) == 0 && wire.Field != "" {
		p.Fields = []Field{{Name: wire.Field}}
	}
	return p
}

// isJSON reports whether an answer says that its body is JSON.
func isJSON(header http.Header) bool {
	media, _, _ := mime.ParseMediaType(header.Get("Content-Type"))
	return media == "application/problem+json" || media == "application/json"
}

// retryAfter reads RFC 9110 §10.2.3: seconds, or a date.
func retryAfter(header http.Header) time.Duration {
	value := header.Get("Retry-After")
	if seconds, err := strconv.ParseUint(value, 10, 31); err == nil {
		return time.Duration(seconds) * time.Second
	}
	if at, err := http.ParseTime(value); err == nil {
		return max(time.Until(at), 0)
	}
	return 0
}

// ConnectError means that the server could not be reached, or that the connection ended
// before the answer. It matches task.ErrUnavailable.
type ConnectError struct {
	Addr string // host:port as configured
	Sent bool   // the request may have been carried out
	Err  error
}

func (e *ConnectError) Error() string {
	cause := plainCause(e.Err).Error()
	if fault := e.TLS(); fault != "" {
		cause = fault.text()
	}
	if e.Sent {
		return fmt.Sprintf("no answer from %s: %s", e.Addr, cause)
	}
	return fmt.Sprintf("connect to %s: %s", e.Addr, cause)
}

func (e *ConnectError) Unwrap() error { return e.Err }

// Is makes every ConnectError match task.ErrUnavailable.
func (e *ConnectError) Is(target error) bool { return target == task.ErrUnavailable }

// plainCause removes the wrappers that repeat method, URL and address.
func plainCause(err error) error {
	for {
		inner := errors.Unwrap(err)
		if inner == nil {
			return err
		}
		err = inner
	}
}
