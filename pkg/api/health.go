package api

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/go-json-experiment/json"

	"taskctl/pkg/access"
	"taskctl/pkg/listen"
	"taskctl/pkg/task"
)

type healthBody struct {
	Status  string `json:"status"`
	Version string `json:"version,omitzero"`
}

type readinessBody struct {
	Status string  `json:"status"`
	Link   string  `json:"link,omitzero"`
	Seq    *uint64 `json:"seq,omitzero"`
	Epoch  string  `json:"epoch,omitzero"`
}

// readyTimeout bounds the answer of the store in a readiness check.
const readyTimeout = time.Second

func (s *Server) health(x *exchange) error {
	if err := listen.AcceptError(x.r); err != nil {
		return errors.Join(errAccept, err)
	}
	body := healthBody{Status: "ok"}
	if s.authorized(x) {
		body.Version = s.cfg.Version
	}
	return sendJSON(x, body)
}

func (s *Server) readiness(x *exchange) error {
	ctx, cancel := context.WithTimeout(x.context(), readyTimeout)
	defer cancel()
	_, head, err := s.deps.Store.Bounds(ctx)
	if err != nil {
		return errors.Join(errNotReady, err)
	}
	if checker, ok := s.deps.Store.(task.WriteChecker); ok {
		switch err := checker.CheckWrite(ctx); {
		case err != nil && s.authorized(x):
			return &notWritableError{err}
		case err != nil:
			return errNotReady
		}
	}
	if !s.authorized(x) {
		return sendJSON(x, readinessBody{Status: "ready"})
	}
	x.setPosition(head)
	return sendJSON(x, readinessBody{Status: "ready", Link: s.linkState(), Seq: &head.Seq, Epoch: head.Epoch})
}

// authorized reports whether the request may see more than the status.
func (s *Server) authorized(x *exchange) bool {
	_, denied := s.cfg.Access.Authorize(x.r, access.Read)
	return denied == nil
}

// system answers with the launcher's status of the components.
func (s *Server) system(x *exchange) error {
	if s.deps.System == nil {
		return errNoLauncher
	}
	status, err := s.deps.System(x.context())
	if err != nil {
		return errors.Join(errNoLauncher, err)
	}
	x.send(http.StatusOK, jsonType, status)
	return nil
}

// linkState has no influence on readiness: without the link, notifications are read
// from the log, a little later.
func (s *Server) linkState() string {
	switch {
	case s.deps.Link == nil:
		return "unknown"
	case s.deps.Link():
		return "connected"
	default:
		return "down"
	}
}

// sendJSON answers 200 with a value. Frequent answers are encoded by hand instead.
func sendJSON(x *exchange, value any) error {
	body, err := json.Marshal(value)
	if err != nil {
		return err
	}
	x.send(http.StatusOK, jsonType, body)
	return nil
}
