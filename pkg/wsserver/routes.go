package wsserver

import (
	"bytes"
	"net/http"
	"strconv"

	"github.com/VictoriaMetrics/metrics"
	"github.com/go-json-experiment/json"

	"github.com/taskctl/taskctl/pkg/access"
)

// ServeHTTP is everything that this port answers.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("X-Content-Type-Options", "nosniff")
	if r.URL.Path == "/link" && s.link != nil {
		s.link.ServeHTTP(w, r) // has a secret of its own
		return
	}
	if denied := s.config.Access.Check(r); denied != nil {
		if denied.Status == http.StatusUnauthorized {
			w.Header().Set("WWW-Authenticate", access.Challenge)
		}
		sendProblem(w, denied.Status, denied.Reason)
		return
	}
	var serve http.HandlerFunc
	switch r.URL.Path {
	case "/", "/ws":
		serve = s.subscribe
	case "/healthz":
		serve = s.health
	case "/readyz":
		serve = s.readiness
	case "/metrics":
		serve = s.metrics
	default:
		sendProblem(w, http.StatusNotFound, "there are /, /ws, /healthz, /readyz and /metrics")
		return
	}
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		sendProblem(w, http.StatusMethodNotAllowed, "only GET and HEAD are answered here")
		return
	}
	serve(w, r)
}

func (s *Server) health(w http.ResponseWriter, _ *http.Request) {
	sendJSON(w, "application/json", http.StatusOK, map[string]any{"status": "ok"})
}

func (s *Server) readiness(w http.ResponseWriter, _ *http.Request) {
	stream := s.hub.stream.Load()
	if stream == nil {
		unavailable(w, "the event log has not been read yet")
		return
	}
	sendJSON(w, "application/json", http.StatusOK, struct {
		Status  string `json:"status"`
		Clients int    `json:"clients"`
		Seq     uint64 `json:"seq"`
		Epoch   string `json:"epoch"`
	}{"ready", s.Clients(), stream.ring.head.Load(), stream.epoch})
}

func (s *Server) metrics(w http.ResponseWriter, _ *http.Request) {
	var page bytes.Buffer
	s.set.WritePrometheus(&page)
	metrics.WriteProcessMetrics(&page)
	w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
	_, _ = page.WriteTo(w) // the reader has gone: nothing to do about it
}

// unavailable asks the client to come back.
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
		panic(err) // our own structs
	}
	w.Header().Set("Content-Type", contentType)
	w.Header().Set("Content-Length", strconv.Itoa(len(b)))
	w.WriteHeader(status)
	_, _ = w.Write(b) // the reader has gone: nothing to do about it
}
