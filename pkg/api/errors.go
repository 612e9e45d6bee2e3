package api

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"taskctl/pkg/access"
	"taskctl/pkg/task"
)

// The errors of this package; the others come from package task.
var (
	errNoRoute    = errors.New("no such resource")
	errMethod     = errors.New("method not allowed")
	errTooLarge   = errors.New("body too large")
	errMediaType  = errors.New("unsupported media type")
	errCoding     = errors.New("unsupported content coding")
	errWeakTag    = errors.New("weak entity tag")
	errSlowBody   = errors.New("body too slow")
	errBuffers    = errors.New("too many large requests and answers")
	errStreams    = errors.New("too many event streams")
	errConns      = errors.New("too many connections")
	errRate       = errors.New("too many requests")
	errNotReady   = errors.New("not ready")
	errAccept     = errors.New("no new connections")
	errNoLauncher = errors.New("no launcher")
	errPanic      = errors.New("handler panicked")
)

// deniedError means that access is denied.
type deniedError struct{ *access.Denied }

func (e *deniedError) Error() string { return e.Reason }

// notWritableError means that the store serves reads but refuses writes.
type notWritableError struct{ reason error }

func (e *notWritableError) Error() string { return "the store refuses writes: " + e.reason.Error() }

func (e *notWritableError) Unwrap() error { return e.reason }

// syntaxError means that the body is not valid JSON, or incomplete.
type syntaxError struct{ reason string }

func (e *syntaxError) Error() string { return e.reason }

// faults lists everything that is invalid in one request.
type faults []*task.InvalidError

func (f faults) Error() string {
	reasons := make([]string, len(f))
	for i, fault := range f {
		reasons[i] = fault.Error()
	}
	return strings.Join(reasons, "; ")
}

// Is makes faults match task.ErrInvalid.
func (f faults) Is(target error) bool { return target == task.ErrInvalid }

// problemOf is the only table from errors to answers: status, type and text. Any other
// error is an internal error: its text goes to the log only.
func problemOf(err error) problem {
	var (
		denied      *deniedError
		syntax      *syntaxError
		several     faults
		invalid     *task.InvalidError
		gone        *task.GoneError
		notWritable *notWritableError
	)
	switch {
	case errors.As(err, &syntax):
		return problem{Status: http.StatusBadRequest, kind: "not-json", Detail: syntax.reason}
	case errors.As(err, &denied) && denied.Status == http.StatusUnauthorized:
		return problem{Status: http.StatusUnauthorized, kind: "unauthorized", Detail: denied.Reason, challenge: denied.Challenge}
	case errors.As(err, &denied):
		return problem{Status: http.StatusForbidden, kind: "forbidden", Detail: denied.Reason, challenge: denied.Challenge}
	case errors.Is(err, task.ErrNotFound):
		return problem{Status: http.StatusNotFound, kind: "task-not-found", Detail: "there is no task with this id"}
	case errors.Is(err, errNoRoute):
		return problem{Status: http.StatusNotFound, kind: "no-such-resource", Detail: "there is no resource at this path; /openapi.json lists them all"}
	case errors.Is(err, errMethod):
		return problem{Status: http.StatusMethodNotAllowed, kind: "method-not-allowed", Detail: "the Allow header lists the methods of this resource"}
	case errors.Is(err, errSlowBody):
		return problem{Status: http.StatusRequestTimeout, kind: "timeout", Detail: "the body did not arrive in time"}
	case errors.As(err, &gone):
		return problem{Status: http.StatusGone, kind: "history-gone", Detail: "the event log cannot be read from this position; read GET /tasks and continue from its position", gone: gone}
	case errors.Is(err, task.ErrVersion):
		return problem{Status: http.StatusPreconditionFailed, kind: "version", Detail: "the task has changed since that version", field: "If-Match"}
	case errors.Is(err, errWeakTag):
		return problem{Status: http.StatusPreconditionFailed, kind: "weak-etag", Detail: `a weak ETag such as W/"42" never matches If-Match (RFC 9110 §13.1.1); a proxy that compresses makes ETags weak: send the strong one, "42"`, field: "If-Match"}
	case errors.Is(err, errTooLarge):
		return problem{Status: http.StatusRequestEntityTooLarge, kind: "too-large", Detail: "the body must be at most 1 MiB"}
	case errors.Is(err, errMediaType):
		return problem{Status: http.StatusUnsupportedMediaType, kind: "media-type", Detail: "send the body as Content-Type: application/json, in UTF-8", field: "Content-Type"}
	case errors.Is(err, errCoding):
		return problem{Status: http.StatusUnsupportedMediaType, kind: "content-coding", Detail: "send the body without Content-Encoding", field: "Content-Encoding"}
	case errors.As(err, &several):
		return problem{Status: http.StatusUnprocessableEntity, kind: "invalid", Detail: several.Error(), faults: several}
	case errors.As(err, &invalid):
		return problem{Status: http.StatusUnprocessableEntity, kind: "invalid", Detail: invalid.Error(), faults: faults{invalid}}
	case errors.Is(err, task.ErrKeyReused):
		return problem{Status: http.StatusUnprocessableEntity, kind: "key-reused", Detail: "this idempotency key was used for another request", field: "Idempotency-Key"}
	case errors.Is(err, errNoLauncher):
		return problem{Status: http.StatusServiceUnavailable, kind: "no-launcher", Detail: "no launcher answers; `taskctl start` runs one", retry: true}
	case errors.Is(err, errStreams):
		return problem{Status: http.StatusServiceUnavailable, kind: "unavailable", Detail: "too many event streams are open", retry: true}
	case errors.Is(err, errBuffers):
		return problem{Status: http.StatusServiceUnavailable, kind: "unavailable", Detail: "too many large requests and answers are under way; try again, or with a smaller limit", retry: true}
	case errors.Is(err, errRate):
		return problem{Status: http.StatusTooManyRequests, kind: "too-many-requests", Detail: "more requests per second than limits.rate allows; Retry-After says when to come back"}
	case errors.Is(err, errConns):
		return problem{Status: http.StatusServiceUnavailable, kind: "unavailable", Detail: "too many connections are open; try again", retry: true}
	case errors.Is(err, errAccept):
		return problem{Status: http.StatusServiceUnavailable, kind: "unavailable", Detail: "new connections cannot be accepted", retry: true}
	case errors.As(err, &notWritable):
		return problem{Status: http.StatusServiceUnavailable, kind: "not-writable", Detail: notWritable.Error(), retry: true}
	case errors.Is(err, task.ErrUnavailable), errors.Is(err, errNotReady),
		errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return problem{Status: http.StatusServiceUnavailable, kind: "unavailable", Detail: "the task store cannot answer at the moment; try again", retry: true}
	default:
		return problem{Status: http.StatusInternalServerError, kind: "internal", Detail: "internal error; the log of the API describes it under this X-Request-Id"}
	}
}
