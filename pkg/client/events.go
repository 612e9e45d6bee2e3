package client

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strconv"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"taskctl/pkg/task"
)

// Events returns the events after a position, oldest first, up to limit (0: the
// server's default), and the position to continue from. No events means that there are
// none yet. An error that is task.ErrGone contains a *task.GoneError with the reason:
// read the tasks again, as Snapshot does.
func (c *Client) Events(ctx context.Context, after task.Position, limit int) (events []Event, next task.Position, err error) {
	query := url.Values{"since": {after.String()}}
	if limit != 0 {
		query.Set("limit", strconv.Itoa(limit))
	}
	header := http.Header{"Accept": {"application/json"}}
	res, err := c.do(ctx, request{method: http.MethodGet, path: "/events", query: query, header: header})
	if err != nil {
		return nil, task.Position{}, fmt.Errorf("read events: %w", err)
	}
	var page struct {
		Events []jsontext.Value `json:"events"`
		Seq    uint64           `json:"seq"`
		Epoch  string           `json:"epoch"`
	}
	if err := json.Unmarshal(res.body, &page); err != nil {
		return nil, task.Position{}, fmt.Errorf("read events: read the answer: %w", err)
	}
	next = task.Position{Epoch: page.Epoch, Seq: page.Seq}
	events = make([]Event, len(page.Events))
	for i, raw := range page.Events {
		f, err := decode(raw)
		if err == nil && !task.EventType(f.Type).Valid() {
			err = fmt.Errorf("%q is no type of event", f.Type)
		}
		if err != nil {
			return nil, task.Position{}, fmt.Errorf("read events: %w", err)
		}
		events[i] = f.event(task.Position{Epoch: page.Epoch, Seq: f.Seq}, raw)
	}
	return events, next, nil
}

// Snapshot returns all tasks, newest first, and the position from which to subscribe to
// follow them. Tasks of later pages may already contain the changes of the first
// events. Each event carries the whole task, so replacing the task (or removing it, for
// task.Deleted) gives the correct result.
func (c *Client) Snapshot(ctx context.Context) ([]task.Task, task.Position, error) {
	var tasks []task.Task
	var first task.Position
	for q := (task.Query{Limit: 1000}); ; {
		page, err := c.List(ctx, q)
		switch {
		case err != nil:
			return nil, task.Position{}, err
		case q.Cursor == "":
			first = page.Position
		case page.Position.Epoch != first.Epoch:
			return nil, task.Position{}, fmt.Errorf("list tasks: the database was replaced in between: %w", task.ErrUnavailable)
		}
		tasks = append(tasks, page.Tasks...)
		if page.Next == "" {
			return tasks, first, nil
		}
		q.Cursor = page.Next
	}
}
