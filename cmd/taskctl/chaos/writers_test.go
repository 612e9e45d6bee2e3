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

// writerGroup is all writers, and a reader that lists all tasks at intervals.
type writerGroup struct {
	writers []*writer
	lister  *lister
	acked   atomic.Uint64

	stop    context.CancelFunc // of the writing
	running sync.WaitGroup
}

// openWriters starts writers to any of the apis, with HTTP clients that open makes
// with a timeout.
func openWriters(t testing.TB, apis []string, open func(time.Duration) *http.Client, seed uint64) *writerGroup {
	t.Helper()
	c := &writerGroup{}
	ctx, cancel := context.WithCancel(t.Context())
	writing, stop := context.WithCancel(ctx)
	c.stop = stop
	shared := new(sharedPool)
	for i := range writers {
		w := &writer{
			name: fmt.Sprintf("chaos-%d-w%d", seed, i), apis: apis, http: open(0),
			random: rand.New(rand.NewPCG(seed, uint64(100+i))), acked: &c.acked, shared: shared,
		}
		c.writers = append(c.writers, w)
		c.running.Go(func() { w.run(ctx, writing) })
	}
	c.lister = &lister{url: apis[0] + "/tasks?limit=1000", http: open(3 * time.Second), acked: &c.acked}
	c.running.Go(func() { c.lister.run(writing) })
	t.Cleanup(func() { cancel(); c.running.Wait() })
	return c
}

// finish stops the writers and returns when every write has its answer.
func (c *writerGroup) finish(t testing.TB) {
	t.Helper()
	c.stop()
	done := make(chan struct{})
	go func() { c.running.Wait(); close(done) }()
	select {
	case <-done:
	case <-time.After(quietTimeout):
		t.Fatalf("the writers do not get their answers within %v", quietTimeout)
	}
}

func (c *writerGroup) writes() (all []*write) {
	for _, w := range c.writers {
		all = append(all, w.writes...)
	}
	return all
}

// lister lists all tasks repeatedly during the writes.
type lister struct {
	url      string
	http     *http.Client
	acked    *atomic.Uint64
	listings []listing
}

func (w *lister) run(ctx context.Context) {
	for ctx.Err() == nil {
		floor := w.acked.Load()
		if l, err := w.list(ctx); err == nil {
			l.floor = floor
			w.listings = append(w.listings, l)
		}
		pause(ctx, 200*time.Millisecond)
	}
}

var errPart = errors.New("not all tasks are on one page")

func (w *lister) list(ctx context.Context) (listing, error) {
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
