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

type healthBody struct {
	Status  string `json:"status" enum:"ok" doc:"The process answers."`
	Version string `json:"version" doc:"Of the program." example:"v1.0.0"`
}

type readinessBody struct {
	Status string `json:"status" enum:"ready" doc:"The task store answers."`
	Link   string `json:"link" enum:"connected,down,unknown" doc:"To the notification server. While it is down, that reads the event log by itself."`
	Seq    uint64 `json:"seq" doc:"The number of the last event." example:"42"`
	Epoch  string `json:"epoch" doc:"The name of the event log." example:"k3v9x2"`
}

func (s *Server) health(x *exchange) error {
	return sendJSON(x, healthBody{Status: "ok", Version: s.cfg.Version})
}

func (s *Server) readiness(x *exchange) error {
	ctx, cancel := context.WithTimeout(x.r.Context(), readyTimeout)
	defer cancel()
	_, head, err := s.deps.Store.Bounds(ctx)
	if err != nil {
		return errors.Join(errNotReady, err)
	}
	x.position(head)
	return sendJSON(x, readinessBody{Status: "ready", Link: s.linkState(), Seq: head.Seq, Epoch: head.Epoch})
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
