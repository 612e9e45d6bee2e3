package client

import (
	"context"
	"fmt"
	"iter"
	"net/http"
	"net/url"
	"strconv"
	"unicode/utf8"

	"github.com/go-json-experiment/json"
	"github.com/google/uuid"
	"taskctl/pkg/task"
)

// Values are the parts of a task that a user writes.
type Values struct {
	Title       string `json:"title"` // 1–200 characters
	Description string `json:"description"`
	Completed   bool   `json:"completed"`
}

// Answer is a task as it was read or written.
type Answer struct {
	Task     task.Task
	ETag     string        // names this version of the task, for IfMatch
	Position task.Position // in the event log: subscribe from here to get the following events
}

// WriteOption adds a condition to a write.
type WriteOption func(http.Header)

// IdempotencyKey makes a write happen once, however often it is sent with this key
// (1–255 bytes, kept for 24 hours). Without it every call has a new key, which covers
// the attempts of that call.
func IdempotencyKey(key string) WriteOption {
	return func(h http.Header) { h.Set("Idempotency-Key", key) }
}

// IfMatch makes a write happen only if the task's version has one of these ETags;
// otherwise the write returns task.ErrVersion.
func IfMatch(etags ...string) WriteOption {
	return func(h http.Header) {
		for _, etag := range etags {
			h.Add("If-Match", etag)
		}
	}
}

// List returns one page of tasks, newest first. A Limit of 0 is the server's default.
func (c *Client) List(ctx context.Context, q task.Query) (task.Page, error) {
	query := url.Values{}
	if q.Limit != 0 {
		query.Set("limit", strconv.Itoa(q.Limit))
	}
	if q.Cursor != "" {
		query.Set("cursor", q.Cursor)
	}
	if q.Completed != nil {
		query.Set("completed", strconv.FormatBool(*q.Completed))
	}
	if q.Contains != "" {
		query.Set("q", q.Contains)
	}
	if q.IDPart != "" {
		query.Set("id", q.IDPart)
	}
	res, err := c.do(ctx, request{method: http.MethodGet, path: "/tasks", query: query})
	if err != nil {
		return task.Page{}, fmt.Errorf("list tasks: %w", err)
	}
	var page struct {
		Tasks []task.Task `json:"tasks"`
		Next  string      `json:"next_cursor"`
		Seq   uint64      `json:"seq"`
		Epoch string      `json:"epoch"`
	}
	if err := json.Unmarshal(res.body, &page); err != nil {
		return task.Page{}, fmt.Errorf("list tasks: read the answer: %w", err)
	}
	return task.Page{Tasks: page.Tasks, Next: page.Next, Position: task.Position{Epoch: page.Epoch, Seq: page.Seq}}, nil
}

// All returns every task that q selects, newest first, reading page after page
// from q.Cursor on; q.Limit is the size of a page. It ends after its first error.
func (c *Client) All(ctx context.Context, q task.Query) iter.Seq2[task.Task, error] {
	return func(yield func(task.Task, error) bool) {
		for {
			page, err := c.List(ctx, q)
			if err != nil {
				yield(task.Task{}, err)
				return
			}
			for _, t := range page.Tasks {
				if !yield(t, nil) {
					return
				}
			}
			if page.Next == "" {
				return
			}
			q.Cursor = page.Next
		}
	}
}

// Get returns one task. Error: task.ErrNotFound.
func (c *Client) Get(ctx context.Context, id string) (Answer, error) {
	return c.task(ctx, "get", id, request{method: http.MethodGet})
}

// Create creates a task. When it returns, the task is on the server's disk.
func (c *Client) Create(ctx context.Context, v Values, options ...WriteOption) (Answer, error) {
	req, err := write(http.MethodPost, v, options)
	if err != nil {
		return Answer{}, fmt.Errorf("create task: %w", err)
	}
	req.path = "/tasks"
	return c.answer(ctx, "create task", req)
}

// Replace replaces all values of a task. Errors: task.ErrNotFound, task.ErrVersion.
func (c *Client) Replace(ctx context.Context, id string, v Values, options ...WriteOption) (Answer, error) {
	req, err := write(http.MethodPut, v, options)
	if err != nil {
		return Answer{}, fmt.Errorf("replace task %s: %w", id, err)
	}
	return c.task(ctx, "replace", id, req)
}

// Patch changes the fields that p sets. A patch that changes nothing makes no event.
// Errors: task.ErrNotFound, task.ErrVersion.
func (c *Client) Patch(ctx context.Context, id string, p task.Patch, options ...WriteOption) (Answer, error) {
	req, err := write(http.MethodPatch, struct {
		Title       *string `json:"title,omitzero"`
		Description *string `json:"description,omitzero"`
		Completed   *bool   `json:"completed,omitzero"`
	}(p), options)
	if err != nil {
		return Answer{}, fmt.Errorf("patch task %s: %w", id, err)
	}
	req.header.Set("Content-Type", "application/merge-patch+json")
	return c.task(ctx, "patch", id, req)
}

// Delete deletes a task and returns the position of that event. Errors:
// task.ErrNotFound, task.ErrVersion.
func (c *Client) Delete(ctx context.Context, id string, options ...WriteOption) (task.Position, error) {
	path, err := taskPath(id)
	if err != nil {
		return task.Position{}, fmt.Errorf("delete task %s: %w", id, err)
	}
	res, err := c.do(ctx, request{method: http.MethodDelete, path: path, header: writeHeader(options)})
	if err != nil {
		return task.Position{}, fmt.Errorf("delete task %s: %w", id, err)
	}
	return res.position, nil
}

// task sends a request about one task.
func (c *Client) task(ctx context.Context, verb, id string, req request) (Answer, error) {
	what := verb + " task " + id
	var err error
	if req.path, err = taskPath(id); err != nil {
		return Answer{}, fmt.Errorf("%s: %w", what, err)
	}
	return c.answer(ctx, what, req)
}

func (c *Client) answer(ctx context.Context, what string, req request) (Answer, error) {
	res, err := c.do(ctx, req)
	if err != nil {
		return Answer{}, fmt.Errorf("%s: %w", what, err)
	}
	a := Answer{ETag: res.header.Get("ETag"), Position: res.position}
	if err := json.Unmarshal(res.body, &a.Task); err != nil {
		return Answer{}, fmt.Errorf("%s: read the answer: %w", what, err)
	}
	return a, nil
}

func write(method string, body any, options []WriteOption) (request, error) {
	data, err := json.Marshal(body)
	if err != nil { // text that is not UTF-8 is refused, not repaired
		return request{}, task.Invalid("text", "must be UTF-8")
	}
	req := request{method: method, body: data, header: writeHeader(options)}
	req.header.Set("Content-Type", "application/json")
	return req, nil
}

func writeHeader(options []WriteOption) http.Header {
	h := http.Header{}
	h.Set("Idempotency-Key", uuid.NewString())
	for _, option := range options {
		option(h)
	}
	return h
}

// taskPath refuses ids that would lead to another path.
func taskPath(id string) (string, error) {
	if id == "" || id == "." || id == ".." || !utf8.ValidString(id) {
		return "", task.Invalid("id", "must be a task's id")
	}
	return "/tasks/" + url.PathEscape(id), nil
}
