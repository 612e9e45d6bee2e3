package bench

import (
	"context"
	"fmt"
	"net/http"
	"time"
)

// Limits for creating and deleting tasks.
const (
	taskConnections = 64
	createTimeout   = 15 * time.Minute
	cleanupTimeout  = 2 * time.Minute
)

// tasks are created by a measurement and deleted at its end.
type tasks struct {
	endpoint *endpoint
	opts     Options
	created  []id
}

// make creates n tasks and returns their ids; fewer if ctx ends.
func (t *tasks) make(ctx context.Context, n, bodyBytes int) ([]id, error) {
	if n == 0 {
		return nil, nil
	}
	l := &load{endpoint: t.endpoint, connections: min(taskConnections, n), count: uint64(n), limit: createTimeout, epoch: time.Now()}
	l.template = newRequest(t.endpoint, call{method: http.MethodPost, path: "/tasks", contentType: "application/json", body: taskBody(bodyBytes)})
	defer t.opts.reportProgress(StagePrepare, l.count, l.done.Load)()
	out, err := l.run(ctx)
	if err != nil {
		return nil, err
	}
	t.created = append(t.created, out.created...)
	if len(out.created) == 0 && ctx.Err() == nil {
		return nil, fmt.Errorf("create tasks: none was accepted: %s", out.sample)
	}
	return out.created, nil
}

// clean deletes the created tasks, also after an interrupt, and returns how many
// it deleted.
func (t *tasks) clean(ctx context.Context) (int, error) {
	if len(t.created) == 0 {
		return 0, nil
	}
	l := &load{
		endpoint: t.endpoint, connections: min(taskConnections, len(t.created)), ids: t.created,
		count: uint64(len(t.created)), limit: cleanupTimeout,
	}
	l.template = newRequest(t.endpoint, call{method: http.MethodDelete, path: "/tasks/" + idSlot})
	defer t.opts.reportProgress(StageClean, l.count, l.done.Load)()
	out, err := l.run(context.WithoutCancel(ctx))
	if err != nil {
		return 0, fmt.Errorf("clean up: %w", err)
	}
	return int(out.latency.n), nil
}
