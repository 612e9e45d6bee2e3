package client

import (
	"errors"
	"fmt"
	"mime"
	"net/http"
	"strconv"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/taskctl/taskctl/pkg/task"
)

// Problem is an answer that says no: RFC 9457's problem details. It matches the
// errors of package task, so that callers ask errors.Is(err, task.ErrNotFound)
// and need no statuses.
type Problem struct {
	Status int    // the HTTP status
	Type   string // URI of the kind of problem: urn:taskctl:problem:…
	Title  string
	Detail string
	Fields []Field // what is at fault in the request, where the server says so

	// Reason is why history cannot be read, in an answer that is task.ErrGone.
	Reason task.GoneReason
	// Position is where the event log stood, when the answer tells.
	Position task.Position
	// RetryAfter is how long the server asks to wait; 0: it did not say.
	RetryAfter time.Duration
}

const typePrefix = "urn:taskctl:problem:"

// Field is one part of a request that is at fault.
type Field struct {
	Name   string `json:"field"`   // as in the request: "title", "limit"
	Reason string `json:"message"` // completes the sentence that the name begins
}

func (p *Problem) Error() string {
	text := p.Detail
	if text == "" {
		text = p.Title
	}
	return fmt.Sprintf("%s (HTTP %d)", text, p.Status)
}

// Is matches the errors of package task that the answer stands for.
func (p *Problem) Is(target error) bool {
	switch p.Status {
	case http.StatusNotFound: // another 404 is a wrong address, not a missing task
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

// As gives the *task.GoneError of an answer that is one.
func (p *Problem) As(target any) bool {
	gone, ok := target.(**task.GoneError)
	if ok = ok && p.Status == http.StatusGone; ok {
		*gone = &task.GoneError{Reason: p.Reason, Head: p.Position}
	}
	return ok
}

// temporary reports whether the same request may succeed later.
func (p *Problem) temporary() bool {
	switch p.Status {
	case http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return true
	}
	return false
}

// wireProblem is a problem as it stands in the answer's body.
type wireProblem struct {
	Type   string          `json:"type"`
	Title  string          `json:"title"`
	Detail string          `json:"detail"`
	Reason task.GoneReason `json:"reason"`
	Field  string          `json:"field"`
	Errors []Field         `json:"errors"`
}

// newProblem reads a refusal. A body that is no problem document (a proxy's page,
// another program's answer) leaves the status to speak.
func newProblem(status int, header http.Header, body []byte) *Problem {
	p := &Problem{Status: status, Title: http.StatusText(status), RetryAfter: retryAfter(header)}
	p.Position, _ = task.ParsePosition(header.Get(positionHeader))
	if p.Title == "" {
		p.Title = "status " + strconv.Itoa(status)
	}
	media, _, _ := mime.ParseMediaType(header.Get("Content-Type"))
	var wire wireProblem
	if media != "application/problem+json" && media != "application/json" || json.Unmarshal(body, &wire) != nil {
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

// ConnectError says that a server could not be reached, or that it went away
// before its answer was there. It matches task.ErrUnavailable.
type ConnectError struct {
	Addr string // host:port as configured
	Sent bool   // the request may have reached the server and been carried out
	Err  error
}

func (e *ConnectError) Error() string {
	if e.Sent {
		return fmt.Sprintf("no answer from %s: %v", e.Addr, plainCause(e.Err))
	}
	return fmt.Sprintf("connect to %s: %v", e.Addr, plainCause(e.Err))
}

func (e *ConnectError) Unwrap() error { return e.Err }

// Is makes every ConnectError match task.ErrUnavailable.
func (e *ConnectError) Is(target error) bool { return target == task.ErrUnavailable }

// plainCause drops the layers that repeat method, URL and address.
func plainCause(err error) error {
	for {
		inner := errors.Unwrap(err)
		if inner == nil {
			return err
		}
		err = inner
	}
}
