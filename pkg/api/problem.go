package api

import (
	"log/slog"
	"net/http"

	"github.com/go-json-experiment/json"

	"github.com/taskctl/taskctl/pkg/access"
	"github.com/taskctl/taskctl/pkg/task"
)

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

// problemBody is the JSON of a problem.
type problemBody struct {
	Type   string      `json:"type" doc:"Which kind of problem, for programs." example:"urn:taskctl:problem:invalid"`
	Title  string      `json:"title" doc:"The status in words." example:"Unprocessable Entity"`
	Status int         `json:"status" doc:"The HTTP status." example:"422"`
	Detail string      `json:"detail" doc:"What is wrong, for people." example:"title must not be empty"`
	Field  string      `json:"field,omitzero" doc:"The first member, parameter or header at fault." example:"title"`
	Errors []faultBody `json:"errors,omitzero" doc:"Everything that is at fault."`
	Reason string      `json:"reason,omitzero" enum:"epoch,too_old,ahead" doc:"With 410: why the log cannot be read from there." example:"too_old"`
	Seq    *uint64     `json:"seq,omitzero" doc:"With 410: the number of the last event there is." example:"42"`
	Epoch  string      `json:"epoch,omitzero" doc:"With 410: the name of the event log." example:"k3v9x2"`
}

type faultBody struct {
	Field   string `json:"field" doc:"The member, parameter or header." example:"title"`
	Message string `json:"message" doc:"Completes the sentence that the field begins." example:"must not be empty"`
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
// is ours.
func (s *Server) fail(x *exchange, err error) {
	p := problemOf(err)
	if p.Status >= http.StatusInternalServerError {
		s.log.Log(x.r.Context(), levelOf(p.Status), "request failed", "request_id", x.reqID, "error", err)
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
	x.send(p.Status, "application/problem+json", body)
}

// levelOf is the level that an answer is logged at: a client's mistakes are the
// client's business, so that nobody can fill our log with theirs.
func levelOf(status int) slog.Level {
	switch {
	case status == http.StatusServiceUnavailable:
		return slog.LevelWarn
	case status >= http.StatusInternalServerError:
		return slog.LevelError
	default:
		return slog.LevelDebug
	}
}
