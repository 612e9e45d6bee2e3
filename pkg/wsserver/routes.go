package wsserver

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"github.com/go-json-experiment/json"

	"taskctl/pkg/access"
	"taskctl/pkg/exposition"
	"taskctl/pkg/listen"
)

// ServeHTTP answers every request on this port.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("X-Content-Type-Options", "nosniff")
	if r.URL.Path == "/link" && s.link != nil {
		s.link.ServeHTTP(w, r) // it authenticates with a token of its own
		return
	}
	caller, denied := s.config.Access.Check(r, access.Required(access.WSServer, r.Method, r.URL.Path))
	if r.URL.Path != "/healthz" && r.URL.Path != "/readyz" {
		quota := s.config.Access.Take(r, caller)
		quota.Headers(w.Header())
		if !quota.Allowed {
			sendProblem(w, http.StatusTooManyRequests, "more requests per second than limits.rate allows; Retry-After says when to come back")
			return
		}
	}
	if denied != nil {
		if denied.Challenge != "" {
			w.Header().Set("WWW-Authenticate", denied.Challenge)
		}
		sendProblem(w, denied.Status, denied.Reason)
		return
	}
	if listen.Refused(r) && r.URL.Path != "/healthz" {
		unavailable(w, "there are too many connections")
		return
	}
	var serve http.HandlerFunc
	switch r.URL.Path {
	case "/", "/ws":
		serve = func(w http.ResponseWriter, r *http.Request) { s.subscribe(w, r, caller) }
	case "/healthz":
		serve = s.health
	case "/readyz":
		serve = s.readiness
	case "/metrics":
		serve = s.metrics
	default:
		sendProblem(w, http.StatusNotFound, "no such path; use /, /ws, /healthz, /readyz or /metrics")
		return
	}
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		sendProblem(w, http.StatusMethodNotAllowed, "only GET and HEAD are allowed here")
		return
	}
	serve(w, r)
}

func (s *Server) health(w http.ResponseWriter, r *http.Request) {
	if err := listen.AcceptError(r); err != nil {
		sendProblem(w, http.StatusServiceUnavailable, err.Error())
		return
	}
	sendJSON(w, "application/json", http.StatusOK, map[string]any{"status": "ok"})
}

// readyTimeout bounds the read of the log in a readiness check.
const readyTimeout = 400 * time.Millisecond

// readiness is 503 while the log cannot be read. Clients stay connected meanwhile, so
// the body still reports them.
func (s *Server) readiness(w http.ResponseWriter, r *http.Request) {
	stream := s.hub.stream.Load()
	if stream == nil {
		unavailable(w, "the event log has not been read yet")
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), readyTimeout)
	defer cancel()
	code, status := http.StatusOK, "ready"
	sent := stream.ring.head.Load() // read before the log, because it must not appear to be ahead of it
	_, head, err := s.hub.log.Bounds(ctx)
	if err != nil {
		w.Header().Set("Retry-After", "1")
		code, status = http.StatusServiceUnavailable, "the event log cannot be read"
	}
	var lag uint64
	if err == nil && head.Epoch == stream.epoch && head.Seq > sent {
		lag = head.Seq - sent
	}
	if _, denied := s.config.Access.Authorize(r, access.Read); denied != nil { // a health check learns only the status
		sendJSON(w, "application/json", code, map[string]any{"status": status})
		return
	}
	sendJSON(w, "application/json", code, struct {
		Status  string `json:"status"`
		Clients int    `json:"clients"`
		Seq     uint64 `json:"seq"`
		Epoch   string `json:"epoch"`
		Lag     uint64 `json:"lag"`
		Link    string `json:"link"`
	}{status, s.Clients(), sent, stream.epoch, lag, s.linkState()})
}

// linkState has no influence on readiness: without the link or the broker, events are
// read from the log, a little later.
func (s *Server) linkState() string {
	switch {
	case s.connector == nil:
		return "unknown"
	case s.connector.Connected():
		return "connected"
	default:
		return "down"
	}
}

func (s *Server) metrics(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", exposition.ContentType)
	_, _ = w.Write(exposition.Page(s.set)) // fails only when the client has disconnected
}

// unavailable answers 503 with Retry-After.
func unavailable(w http.ResponseWriter, detail string) {
	w.Header().Set("Retry-After", "1")
	sendProblem(w, http.StatusServiceUnavailable, detail)
}

// sendProblem answers with an error (RFC 9457).
func sendProblem(w http.ResponseWriter, status int, detail string) {
	sendJSON(w, "application/problem+json", status, struct {
		Type   string `json:"type"`
		Title  string `json:"title"`
		Status int    `json:"status"`
		Detail string `json:"detail"`
	}{"about:blank", http.StatusText(status), status, detail})
}

func sendJSON(w http.ResponseWriter, contentType string, status int, body any) {
	b, err := json.Marshal(body)
	if err != nil {
		panic(err) // cannot happen: the bodies are structs of this package
	}
	w.Header().Set("Content-Type", contentType)
	w.Header().Set("Content-Length", strconv.Itoa(len(b)))
	w.WriteHeader(status)
	_, _ = w.Write(b) // fails only when the client has disconnected
}
