package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"taskctl/pkg/task"
)

// refusingStore refuses writes, as on a full disk.
type refusingStore struct{ task.Store }

var errDisk = fmt.Errorf("no space on the disk of tasks.db: %w", task.ErrUnavailable)

func (refusingStore) CheckWrite(context.Context) error { return errDisk }

func (refusingStore) Write(context.Context, task.Change) (task.Result, error) {
	return task.Result{}, task.ErrUnavailable
}

func TestStoreThatRefusesWritesIsNotReady(t *testing.T) {
	s := start(t, func(_ *Config, d *Deps) { d.Store = refusingStore{d.Store} })
	for name, a := range map[string]answer{
		"readiness": s.do(http.MethodGet, "/readyz", ""),
		"a write":   s.do(http.MethodPost, "/tasks", `{"title":"t"}`),
	} {
		if a.status != http.StatusServiceUnavailable || !strings.Contains(string(a.body), "no space on the disk of tasks.db") || a.header.Get("Retry-After") == "" {
			t.Errorf("%s: %d %s", name, a.status, a.body)
		}
	}
	if a := s.do(http.MethodGet, "/tasks", ""); a.status != http.StatusOK {
		t.Errorf("a read: %d %s", a.status, a.body)
	}
}

// slowStore searches until its caller gives up.
type slowStore struct {
	task.Store
	searching, ended chan struct{}
}

func (s slowStore) List(ctx context.Context, _ task.Query) (task.RecordPage, error) {
	close(s.searching)
	<-ctx.Done()
	close(s.ended)
	return task.RecordPage{}, ctx.Err()
}

func TestSearchEndsWhenItsClientLeaves(t *testing.T) {
	slow := slowStore{searching: make(chan struct{}), ended: make(chan struct{})}
	s := start(t, func(_ *Config, d *Deps) {
		slow.Store = d.Store
		d.Store = slow
	})
	ctx, leave := context.WithCancel(t.Context())
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, s.base+"/tasks?q=zz", nil)
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		<-slow.searching
		leave()
	}()
	resp, err := s.client.Do(r)
	if err == nil {
		_ = resp.Body.Close()
	}
	if !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	<-slow.ended
}
