//go:build linux

package chaos

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

const writers = 6

// crew are the writers, and one who looks at all tasks now and then.
type crew struct {
	writers []*writer
	watcher *watcher
	acked   atomic.Uint64

	stop    context.CancelFunc // of the writing
	running sync.WaitGroup
}

func openCrew(t testing.TB, s *system, seed uint64) *crew {
	t.Helper()
	c := &crew{}
	ctx, cancel := context.WithCancel(t.Context())
	writing, stop := context.WithCancel(ctx)
	c.stop = stop
	base := "http://" + s.api.addr()
	shared := new(sharedPool)
	for i := range writers {
		w := &writer{
			name: fmt.Sprintf("chaos-%d-w%d", seed, i), base: base, http: newHTTP(t, 0),
			random: rand.New(rand.NewPCG(seed, uint64(100+i))), acked: &c.acked, shared: shared,
		}
		c.writers = append(c.writers, w)
		c.running.Go(func() { w.run(ctx, writing) })
	}
	c.watcher = &watcher{url: base + "/tasks?limit=1000", http: newHTTP(t, 3*time.Second), acked: &c.acked}
	c.running.Go(func() { c.watcher.run(writing) })
	t.Cleanup(func() { cancel(); c.running.Wait() })
	return c
}

// settle ends the writing, and returns when every write has its answer.
func (c *crew) settle(t testing.TB) {
	t.Helper()
	c.stop()
	done := make(chan struct{})
	go func() { c.running.Wait(); close(done) }()
	select {
	case <-done:
	case <-time.After(settling):
		t.Fatalf("the writers do not get their answers within %v", settling)
	}
}

func (c *crew) writes() (all []*write) {
	for _, w := range c.writers {
		all = append(all, w.writes...)
	}
	return all
}

// watcher asks for all tasks while they are being written to.
type watcher struct {
	url      string
	http     *http.Client
	acked    *atomic.Uint64
	listings []listing
}

func (w *watcher) run(ctx context.Context) {
	for ctx.Err() == nil {
		floor := w.acked.Load()
		if l, err := w.look(ctx); err == nil {
			l.floor = floor
			w.listings = append(w.listings, l)
		}
		pause(ctx, 200*time.Millisecond)
	}
}

var errPart = errors.New("not all tasks are on one page")

func (w *watcher) look(ctx context.Context) (listing, error) {
	res, err := get(ctx, w.http, w.url, nil)
	if err != nil {
		return listing{}, err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		return listing{}, err
	}
	var page listPage
	if err := json.Unmarshal(body, &page); err != nil {
		return listing{}, err
	}
	if res.StatusCode != http.StatusOK || page.Next != "" {
		return listing{}, errPart
	}
	return listing{tasks: page.Tasks, seq: page.Seq}, nil
}
