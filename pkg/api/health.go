package api

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/go-json-experiment/json"
)

// readyTimeout is how long the store may take to be called ready.
const readyTimeout = time.Second

func (s *Server) health(x *exchange) error {
	return sendJSON(x, healthBody{Status: "ok", Version: s.cfg.Version})
}

func (s *Server) readiness(x *exchange) error {
	ctx, cancel := context.WithTimeout(x.context(), readyTimeout)
	defer cancel()
	_, head, err := s.deps.Store.Bounds(ctx)
	if err != nil {
		return errors.Join(errNotReady, err)
	}
	x.position(head)
	return sendJSON(x, readinessBody{Status: "ready", Link: s.linkState(), Seq: head.Seq, Epoch: head.Epoch})
}

// system passes on what the launcher says of the components.
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

// linkState does not decide over readiness: without the link, notifications come
// from the log, only later.
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

// sendJSON answers 200 with a value; the answers that many ask for are encoded
// by hand instead.
func sendJSON(x *exchange, value any) error {
	body, err := json.Marshal(value)
	if err != nil {
		return err
	}
	x.send(http.StatusOK, jsonType, body)
	return nil
}
