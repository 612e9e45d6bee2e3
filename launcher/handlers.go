package launcher

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"

	"github.com/taskctl/taskctl/pkg/supervisor"
)

// controlHandler is what the control socket answers.
func (l *Launcher) controlHandler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /status", func(w http.ResponseWriter, r *http.Request) {
		answer(w, l.status(r.Context()), nil)
	})
	mux.HandleFunc("POST /stop", func(w http.ResponseWriter, r *http.Request) {
		l.Stop()
		select {
		case <-l.settled:
			answer(w, l.receipt, nil)
		case <-r.Context().Done():
		}
	})
	mux.HandleFunc("POST /restart", func(w http.ResponseWriter, r *http.Request) {
		var in restartRequest
		if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
			answer(w, nil, err)
			return
		}
		err := l.supervisor.Restart(r.Context(), in.Components...)
		l.api.CloseIdleConnections() // what has been replaced stays until all have left it
		answer(w, struct{}{}, err)
	})
	mux.HandleFunc("GET /why/{component}", func(w http.ResponseWriter, r *http.Request) {
		why, err := l.why(r.Context(), r.PathValue("component"))
		answer(w, why, err)
	})
	mux.HandleFunc("POST /logs/empty", func(w http.ResponseWriter, r *http.Request) {
		var in emptyRequest
		if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
			answer(w, nil, err)
			return
		}
		freed, err := l.logs.Empty(in.Names...)
		answer(w, emptyAnswer{Freed: freed}, err)
	})
	return mux
}

type restartRequest struct {
	Components []string `json:"components"`
}

type emptyRequest struct {
	Names []string `json:"names"`
}

type emptyAnswer struct {
	Freed int64 `json:"freed"`
}

// Why is what there is to say of a component: how it is, and how it died last.
type Why struct {
	Status ComponentStatus         `json:"status"`
	Crash  *supervisor.CrashRecord `json:"crash"` // null: it never died
}

func (l *Launcher) why(ctx context.Context, name string) (*Why, error) {
	crash, died, err := l.supervisor.Why(name)
	if err != nil {
		return nil, err
	}
	var why Why
	if died {
		why.Crash = &crash
	}
	for _, c := range l.supervisor.Status() {
		if c.Name == name {
			why.Status = l.componentStatus(ctx, c)
		}
	}
	return &why, nil
}

// answer writes a value, or an error as {"error": …}.
func answer(w http.ResponseWriter, v any, err error) {
	w.Header().Set("Content-Type", "application/json")
	if err != nil {
		status := http.StatusInternalServerError
		if errors.Is(err, supervisor.ErrUnknown) {
			status = http.StatusNotFound
		}
		w.WriteHeader(status)
		refused := refusal{Error: err.Error()}
		_ = errors.As(err, &refused.Restart)
		v = refused
	}
	_ = json.NewEncoder(w).Encode(v) // whoever asked is gone
}

// refusal is an error as it travels over the control socket.
type refusal struct {
	Error   string                   `json:"error"`
	Restart supervisor.RestartErrors `json:"restart,omitempty"`
}

// asError is what it was on the other side, where somebody tells it apart.
func (r refusal) asError() error {
	switch {
	case len(r.Restart) > 0:
		return r.Restart
	case r.Error == supervisor.ErrStopped.Error():
		return supervisor.ErrStopped
	}
	return errors.New(r.Error)
}

func encodeBody(v any) (io.Reader, error) {
	if v == nil {
		return http.NoBody, nil
	}
	data, err := json.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("encode the request: %w", err)
	}
	return bytes.NewReader(data), nil
}

// Status asks the launcher how the system is. ErrNotRunning where there is none.
func (c *Control) Status(ctx context.Context) (Status, error) {
	ctx, cancel := context.WithTimeout(ctx, controlTimeout)
	defer cancel()
	var s Status
	err := c.do(ctx, http.MethodGet, "/status", nil, &s)
	return s, err
}

// Stop asks the launcher to stop, and returns the receipt when everything has.
func (c *Control) Stop(ctx context.Context) (Receipt, error) {
	var r Receipt
	err := c.do(ctx, http.MethodPost, "/stop", nil, &r)
	return r, err
}

// Restart restarts the named components, or all, and returns once they are ready.
func (c *Control) Restart(ctx context.Context, components ...string) error {
	return c.do(ctx, http.MethodPost, "/restart", restartRequest{Components: components}, nil)
}

// Why asks for a component's state and its last death.
func (c *Control) Why(ctx context.Context, component string) (Why, error) {
	ctx, cancel := context.WithTimeout(ctx, controlTimeout)
	defer cancel()
	var w Why
	err := c.do(ctx, http.MethodGet, "/why/"+component, nil, &w)
	return w, err
}

// EmptyLogs empties current log files while they are being written, and returns
// how many bytes that freed.
func (c *Control) EmptyLogs(ctx context.Context, names ...string) (int64, error) {
	ctx, cancel := context.WithTimeout(ctx, controlTimeout)
	defer cancel()
	var out emptyAnswer
	err := c.do(ctx, http.MethodPost, "/logs/empty", emptyRequest{Names: names}, &out)
	return out.Freed, err
}
