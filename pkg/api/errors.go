package api

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"github.com/taskctl/taskctl/pkg/access"
	"github.com/taskctl/taskctl/pkg/task"
)

// What the HTTP side itself refuses; the rest comes from package task.
var (
	errNoRoute    = errors.New("no such resource")
	errMethod     = errors.New("method not allowed")
	errTooLarge   = errors.New("body too large")
	errMediaType  = errors.New("unsupported media type")
	errSlowBody   = errors.New("body too slow")
	errStreams    = errors.New("too many event streams")
	errConns      = errors.New("too many connections")
	errNotReady   = errors.New("not ready")
	errNoLauncher = errors.New("no launcher")
	errCrashed    = errors.New("handler panicked")
)

// deniedError is a request that may not come in.
type deniedError struct{ *access.Denied }

func (e *deniedError) Error() string { return e.Reason }

// syntaxError is a body that is not JSON, or not all there.
type syntaxError struct{ reason string }

func (e *syntaxError) Error() string { return e.reason }

// faults are all the things that are wrong with one request.
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

// problemOf is the table of every way to refuse: which error has which status,
// which type, and what the client is told. Errors that are not in it are our own
// fault: their text is for the log alone.
func problemOf(err error) problem {
	var (
		denied  *deniedError
		syntax  *syntaxError
		several faults
		invalid *task.InvalidError
		gone    *task.GoneError
	)
	switch {
	case errors.As(err, &syntax):
		return problem{Status: http.StatusBadRequest, kind: "not-json", Detail: syntax.reason}
	case errors.As(err, &denied) && denied.Status == http.StatusUnauthorized:
		return problem{Status: http.StatusUnauthorized, kind: "unauthorized", Detail: denied.Reason, challenge: true}
	case errors.As(err, &denied):
		return problem{Status: http.StatusForbidden, kind: "forbidden", Detail: denied.Reason}
	case errors.Is(err, task.ErrNotFound):
		return problem{Status: http.StatusNotFound, kind: "task-not-found", Detail: "there is no task with this id"}
	case errors.Is(err, errNoRoute):
		return problem{Status: http.StatusNotFound, kind: "no-such-resource", Detail: "there is nothing at this path; /openapi.json says what there is"}
	case errors.Is(err, errMethod):
		return problem{Status: http.StatusMethodNotAllowed, kind: "method-not-allowed", Detail: "the Allow header lists the methods of this resource"}
	case errors.Is(err, errSlowBody):
		return problem{Status: http.StatusRequestTimeout, kind: "timeout", Detail: "the body did not arrive in time"}
	case errors.As(err, &gone):
		return problem{Status: http.StatusGone, kind: "history-gone", Detail: "read GET /tasks and go on from its position", gone: gone}
	case errors.Is(err, task.ErrVersion):
		return problem{Status: http.StatusPreconditionFailed, kind: "version", Detail: "the task has changed since that version", field: "If-Match"}
	case errors.Is(err, errTooLarge):
		return problem{Status: http.StatusRequestEntityTooLarge, kind: "too-large", Detail: "the body must be at most 1 MiB"}
	case errors.Is(err, errMediaType):
		return problem{Status: http.StatusUnsupportedMediaType, kind: "media-type", Detail: "send the body as Content-Type: application/json, not encoded", field: "Content-Type"}
	case errors.As(err, &several):
		return problem{Status: http.StatusUnprocessableEntity, kind: "invalid", Detail: several.Error(), faults: several}
	case errors.As(err, &invalid):
		return problem{Status: http.StatusUnprocessableEntity, kind: "invalid", Detail: invalid.Error(), faults: faults{invalid}}
	case errors.Is(err, task.ErrKeyReused):
		return problem{Status: http.StatusUnprocessableEntity, kind: "key-reused", Detail: "this idempotency key was used for another request", field: "Idempotency-Key"}
	case errors.Is(err, errNoLauncher):
		return problem{Status: http.StatusServiceUnavailable, kind: "no-launcher", Detail: "no launcher answers; `taskctl start` runs the components under one", retry: true}
	case errors.Is(err, errStreams):
		return problem{Status: http.StatusServiceUnavailable, kind: "unavailable", Detail: "too many event streams are open", retry: true}
	case errors.Is(err, errConns):
		return problem{Status: http.StatusServiceUnavailable, kind: "unavailable", Detail: "more connections are open than are served at once; try again", retry: true}
	case errors.Is(err, task.ErrUnavailable), errors.Is(err, errNotReady),
		errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return problem{Status: http.StatusServiceUnavailable, kind: "unavailable", Detail: "the task store cannot answer now; try again", retry: true}
	default:
		return problem{Status: http.StatusInternalServerError, kind: "internal", Detail: "internal error; the log of the api has it under this X-Request-Id"}
	}
}
