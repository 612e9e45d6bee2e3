package clienttest

import (
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"taskctl/pkg/task"
)

// recorded is an answer, kept so that a key repeats it.
type recorded struct {
	request string
	status  int
	etag    string
	at      task.Position
	body    []byte
}

func (s *Server) serveAPI(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(io.LimitReader(r.Body, 1<<20))
	if err != nil {
		return
	}
	s.mu.Lock()
	if s.script.Request != nil && s.script.Request(w, r) {
		s.mu.Unlock()
		return
	}
	a := s.answer(r, body)
	lost := s.script.Lose != nil && s.script.Lose(r)
	s.mu.Unlock()
	if lost {
		panic(http.ErrAbortHandler)
	}
	if a.status >= 400 {
		w.Header().Set("Content-Type", "application/problem+json")
	} else {
		w.Header().Set("Content-Type", "application/json")
	}
	if a.etag != "" {
		w.Header().Set("ETag", a.etag)
	}
	w.Header().Set("Taskctl-Position", a.at.String())
	w.WriteHeader(a.status)
	_, _ = w.Write(a.body)
}

func (s *Server) answer(r *http.Request, body []byte) recorded {
	key, request := r.Header.Get("Idempotency-Key"), r.Method+r.URL.Path+string(body)
	if known, ok := s.answers[key]; ok && key != "" {
		if known.request != request {
			return s.problem(http.StatusUnprocessableEntity, "key-reused", `"field":"Idempotency-Key"`)
		}
		return known
	}
	id, one := strings.CutPrefix(r.URL.Path, "/tasks/")
	i := slices.IndexFunc(s.tasks, func(t task.Task) bool { return t.ID == id })
	var a recorded
	switch {
	case r.Method == http.MethodGet && r.URL.Path == "/tasks":
		return s.list(r)
	case r.Method == http.MethodGet && r.URL.Path == "/events":
		return s.log(r)
	case r.Method == http.MethodPost && r.URL.Path == "/tasks":
		a = s.write(http.StatusCreated, task.Task{}, body, func(t task.Task) task.Task { return s.create(t) })
	case !one:
		return s.problem(http.StatusNotFound, "no-such-resource", "")
	case i < 0:
		return s.problem(http.StatusNotFound, "task-not-found", "")
	case r.Method == http.MethodGet:
		return s.found(http.StatusOK, s.tasks[i])
	case r.Header.Get("If-Match") != "" && !slices.Contains(r.Header["If-Match"], etag(s.tasks[i])):
		return s.problem(http.StatusPreconditionFailed, "version", `"field":"If-Match"`)
	case r.Method == http.MethodDelete:
		t := s.tasks[i]
		s.tasks = slices.Delete(s.tasks, i, i+1)
		s.record(task.Deleted, &t)
		s.writes++
		a = recorded{status: http.StatusNoContent, at: s.head()}
	case r.Method == http.MethodPut:
		a = s.write(http.StatusOK, task.Task{}, body, func(t task.Task) task.Task { return s.update(i, t) })
	case r.Method == http.MethodPatch:
		a = s.write(http.StatusOK, s.tasks[i], body, func(t task.Task) task.Task { return s.update(i, t) })
	default:
		return s.problem(http.StatusMethodNotAllowed, "method-not-allowed", "")
	}
	if a.request = request; key != "" && a.status < 400 {
		s.answers[key] = a
	}
	return a
}

func (s *Server) write(status int, t task.Task, body []byte, apply func(task.Task) task.Task) recorded {
	if err := json.Unmarshal(body, &t); err != nil {
		return s.problem(http.StatusBadRequest, "not-json", "")
	}
	if _, err := task.NormalizeTitle(t.Title); err != nil {
		return s.problem(http.StatusUnprocessableEntity, "invalid",
			`"field":"title","errors":[{"field":"title","message":"must not be empty"}]`)
	}
	s.writes++
	return s.found(status, apply(t))
}

func (s *Server) update(i int, t task.Task) task.Task {
	t.ID, t.CreatedAt, t.UpdatedAt = s.tasks[i].ID, s.tasks[i].CreatedAt, task.Timestamp(time.Now())
	s.tasks[i] = t
	s.record(task.Updated, &s.tasks[i])
	return s.tasks[i]
}

func (s *Server) found(status int, t task.Task) recorded {
	return recorded{status: status, etag: etag(t), at: s.head(), body: t.AppendJSON(nil)}
}

func etag(t task.Task) string { return `"` + strconv.FormatUint(t.Version, 10) + `"` }

// list serves pages whose cursor is the number of tasks before them.
func (s *Server) list(r *http.Request) recorded {
	query := r.URL.Query()
	limit, err := strconv.Atoi(query.Get("limit"))
	switch {
	case err != nil:
		limit = 100
	case limit < 1 || limit > 1000:
		return s.problem(http.StatusUnprocessableEntity, "invalid", `"field":"limit"`)
	}
	before, _ := strconv.Atoi(query.Get("cursor"))
	newest := slices.Clone(s.tasks)
	slices.Reverse(newest)
	newest = slices.DeleteFunc(newest, func(t task.Task) bool {
		wanted := query.Get("completed")
		return !strings.Contains(strings.ToLower(t.Title+"\n"+t.Description), strings.ToLower(query.Get("q"))) ||
			wanted != "" && wanted != strconv.FormatBool(t.Completed) ||
			!strings.HasPrefix(t.ID, query.Get("id")) && !strings.HasSuffix(t.ID, query.Get("id"))
	})
	end := min(before+limit, len(newest))
	var b []byte
	b = append(b, `{"tasks":[`...)
	for i, t := range newest[min(before, len(newest)):end] {
		if i > 0 {
			b = append(b, ',')
		}
		b = t.AppendJSON(b)
	}
	b = append(b, ']')
	if end < len(newest) {
		b = fmt.Appendf(b, `,"next_cursor":"%d"`, end)
	}
	return recorded{status: http.StatusOK, at: s.head(), body: appendPosition(b, s.head())}
}

func (s *Server) log(r *http.Request) recorded {
	since, err := task.ParsePosition(r.URL.Query().Get("since"))
	if err != nil {
		return s.problem(http.StatusUnprocessableEntity, "invalid", `"field":"since"`)
	}
	if reason := s.gone(since); reason != "" {
		return s.problem(http.StatusGone, "history-gone", fmt.Sprintf(`"reason":%q`, reason))
	}
	limit, err := strconv.Atoi(r.URL.Query().Get("limit"))
	if err != nil {
		limit = 1000
	}
	events := s.events[since.Seq+1-s.first:]
	events = events[:min(limit, len(events))]
	at := s.head()
	if len(events) > 0 {
		at.Seq = events[len(events)-1].Seq
	}
	b := []byte(`{"events":[`)
	for i, e := range events {
		if i > 0 {
			b = append(b, ',')
		}
		b = e.AppendJSON(b)
	}
	return recorded{status: http.StatusOK, at: at, body: appendPosition(append(b, ']'), at)}
}

func appendPosition(b []byte, at task.Position) []byte {
	return fmt.Appendf(b, `,"seq":%d,"epoch":%q}`, at.Seq, at.Epoch)
}

func (s *Server) problem(status int, kind, members string) recorded {
	if members != "" {
		members = "," + members
	}
	body := fmt.Appendf(nil, `{"type":"urn:taskctl:problem:%s","title":%q,"status":%d,"detail":%q%s}`,
		kind, http.StatusText(status), status, strings.ReplaceAll(kind, "-", " "), members)
	return recorded{status: status, at: s.head(), body: body}
}
