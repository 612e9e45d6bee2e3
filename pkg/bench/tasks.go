package bench

import (
	"context"
	"fmt"
	"net/http"
	"time"
)

// Making and deleting tasks is done over so many connections, and bounded.
const (
	tasksConnections = 64
	makeLimit        = 15 * time.Minute
	cleanLimit       = 2 * time.Minute
)

// tasks are what a measurement makes for itself and cleans up in the end.
type tasks struct {
	endpoint *endpoint
	opts     Options
	made     []id
}

// make creates so many tasks and returns their ids: fewer when ctx ends.
func (t *tasks) make(ctx context.Context, n, bodyBytes int) ([]id, error) {
	if n == 0 {
		return nil, nil
	}
	l := &load{endpoint: t.endpoint, connections: min(tasksConnections, n), count: uint64(n), limit: makeLimit, epoch: time.Now()}
	l.template = newRequest(t.endpoint, http.MethodPost, "/tasks", "application/json", taskBody(bodyBytes))
	defer t.opts.watch(StagePrepare, l.count, l.done.Load)()
	out, err := l.run(ctx)
	if err != nil {
		return nil, err
	}
	t.made = append(t.made, out.created...)
	if len(out.created) == 0 && ctx.Err() == nil {
		return nil, fmt.Errorf("no task could be made: %s", out.sample)
	}
	return out.created, nil
}

// clean deletes what was made, even after an interrupt, and returns how much of
// it could be deleted.
func (t *tasks) clean(ctx context.Context) (int, error) {
	if len(t.made) == 0 {
		return 0, nil
	}
	l := &load{
		endpoint: t.endpoint, connections: min(tasksConnections, len(t.made)), ids: t.made,
		count: uint64(len(t.made)), limit: cleanLimit,
	}
	l.template = newRequest(t.endpoint, http.MethodDelete, "/tasks/"+idSlot, "", "")
	defer t.opts.watch(StageClean, l.count, l.done.Load)()
	out, err := l.run(context.WithoutCancel(ctx))
	if err != nil {
		return 0, fmt.Errorf("clean up: %w", err)
	}
	return int(out.latency.n), nil
}
