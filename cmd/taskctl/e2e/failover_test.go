//go:build unix

package e2e

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"taskctl/cmd/taskctl/e2etest"
	"taskctl/pkg/client"
	"taskctl/pkg/store/postgrestest"
	"taskctl/pkg/task"
	"taskctl/pkg/wait"
	"taskctl/pkg/wait/waittest"
)

// TestFailoverOfTheDatabase promotes the replica of the database while clients write
// and follow. If commits are lost, every client gets a reset. If none are lost, and the
// settings say so, every client continues. In both cases each client has the tasks of
// the API in the end.
func TestFailoverOfTheDatabase(t *testing.T) {
	for name, lossless := range map[string]bool{"asynchronous replica": false, "synchronous replica": true} {
		t.Run(name, func(t *testing.T) {
			pair := postgrestest.StartPair(t)
			if lossless {
				pair.Synchronize(t)
			}
			dir := e2etest.Dir(t)
			writeSettings(t, dir, fmt.Sprintf("store: postgres\npostgres: {url: %q, lossless_failover: %v}\n", pair.URL, lossless))
			startedIn(t, dir)
			s := statusOf(t, dir)
			o := observeClients(t, client.Config{BaseURL: s.API, WebSocketURL: s.WebSocket})

			const enough = 50
			o.await(t, enough)
			before := o.head()
			if !lossless {
				pair.CatchUp(t)
				pair.Disconnect(t)
			}
			o.await(t, enough) // with an asynchronous replica, these are lost
			pair.FailOver(t)
			o.await(t, enough)
			after := o.head()
			o.stopWriting()

			lost, resets := o.compare(t)
			if lossless && (lost > 0 || resets > 0 || after.Epoch != before.Epoch) {
				t.Errorf("%d acknowledged tasks lost, %d of %d followers reset, epoch %s after %s",
					lost, resets, followers, after.Epoch, before.Epoch)
			}
			if !lossless && (lost == 0 || resets != followers || after.Epoch == before.Epoch) {
				t.Errorf("%d acknowledged tasks lost, %d of %d followers reset, epoch %s after %s",
					lost, resets, followers, after.Epoch, before.Epoch)
			}
			if _, _, code := run(t, dir, "stop"); code != 0 {
				t.Errorf("stop exits %d", code)
			}
		})
	}
}

const followers, creators = 6, 3

// observers write to a system and follow it.
type observers struct {
	client      *client.Client
	followers   []*follower
	stopWriting func()

	mu           sync.Mutex
	acknowledged map[string]task.Position // by task id
	last         task.Position            // the latest of them
	events       map[task.Position]string // the event that any client received at a position
	faults       []string
}

func observeClients(t *testing.T, cfg client.Config) *observers {
	t.Helper()
	c, err := client.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	o := &observers{client: c, acknowledged: map[string]task.Position{}, events: map[task.Position]string{}}
	ctx, cancel := context.WithCancel(t.Context())
	stopping, stop := context.WithCancel(ctx)
	var writers, all sync.WaitGroup
	for range creators {
		writers.Go(func() { o.create(ctx, stopping) })
	}
	for range followers {
		f := &follower{observers: o}
		o.followers = append(o.followers, f)
		all.Go(func() { f.run(ctx) })
	}
	o.stopWriting = func() { stop(); writers.Wait() }
	t.Cleanup(func() {
		cancel()
		writers.Wait()
		all.Wait()
		c.CloseIdleConnections()
	})
	return o
}

// create creates tasks until stopping ends. It does not interrupt the last request,
// because the API might still carry it out later.
func (o *observers) create(ctx, stopping context.Context) {
	for stopping.Err() == nil {
		answer, err := o.client.Create(ctx, client.Values{Title: "x"})
		switch {
		case err == nil:
			o.saw(answer.Position, task.Created, answer.Task.ID)
			o.mu.Lock()
			o.acknowledged[answer.Task.ID], o.last = answer.Position, answer.Position
			o.mu.Unlock()
		case ctx.Err() == nil && !errors.Is(err, task.ErrUnavailable):
			o.fault("create: %v", err)
		}
	}
}

// saw records the event at a position, which must be the same for all clients.
func (o *observers) saw(at task.Position, what task.EventType, id string) {
	text := string(what) + " " + id
	o.mu.Lock()
	before, seen := o.events[at]
	o.events[at] = text
	o.mu.Unlock()
	if seen && before != text {
		o.fault("two events at %s: %s, %s", at, before, text)
	}
}

func (o *observers) fault(format string, args ...any) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.faults = append(o.faults, fmt.Sprintf(format, args...))
}

func (o *observers) head() task.Position {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.last
}

// await waits for n more acknowledged tasks, and until every follower has seen them.
func (o *observers) await(t *testing.T, n int) {
	t.Helper()
	count := func() int {
		o.mu.Lock()
		defer o.mu.Unlock()
		return len(o.acknowledged)
	}
	target := count() + n
	waittest.For(t, "acknowledged writes", func() bool { return count() >= target })
	o.awaitFollowers(t, o.head())
}

func (o *observers) awaitFollowers(t *testing.T, head task.Position) {
	t.Helper()
	for i, f := range o.followers {
		waittest.For(t, fmt.Sprintf("follower %d to reach %s", i, head), func() bool {
			f.mu.Lock()
			defer f.mu.Unlock()
			return f.at.Epoch == head.Epoch && f.at.Seq >= head.Seq
		})
	}
}

// compare compares every follower's tasks with those of the API. It returns the number
// of lost acknowledged tasks and of followers that got a reset.
func (o *observers) compare(t *testing.T) (lost, resets int) {
	t.Helper()
	tasks, head, err := o.client.Snapshot(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	o.awaitFollowers(t, head)
	there := byID(tasks)
	for i, f := range o.followers {
		f.mu.Lock()
		if f.resets > 0 {
			resets++
		}
		if len(f.tasks) != len(there) {
			t.Errorf("follower %d has %d tasks, the API %d", i, len(f.tasks), len(there))
		}
		for id, want := range there {
			if got := f.tasks[id]; got != want {
				t.Errorf("follower %d has %+v, the API %+v", i, got, want)
				break
			}
		}
		f.mu.Unlock()
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	for id, at := range o.acknowledged {
		if _, ok := there[id]; !ok {
			lost++
			if at.Epoch == head.Epoch {
				t.Errorf("task %s, acknowledged at %s, is gone at %s", id, at, head)
			}
		}
	}
	for _, fault := range o.faults {
		t.Error(fault)
	}
	return lost, resets
}

func byID(tasks []task.Task) map[string]task.Task {
	m := make(map[string]task.Task, len(tasks))
	for _, t := range tasks {
		m[t.ID] = t
	}
	return m
}

// follower keeps a copy of all tasks, as the protocol's description tells client
// authors to: it reads them, follows the events, and reads them again after a reset.
type follower struct {
	observers *observers

	mu     sync.Mutex
	tasks  map[string]task.Task
	at     task.Position
	resets int
}

func (f *follower) run(ctx context.Context) {
	for ctx.Err() == nil {
		tasks, at, err := f.observers.client.Snapshot(ctx)
		if err != nil {
			wait.Sleep(ctx, 20*time.Millisecond) // the database is away
			continue
		}
		f.mu.Lock()
		f.tasks, f.at = byID(tasks), at
		f.mu.Unlock()
		f.follow(ctx, at)
	}
}

// follow applies events until a reset.
func (f *follower) follow(ctx context.Context, from task.Position) {
	options := client.SubscribeOptions{MaxWait: 200 * time.Millisecond}
	for n, err := range f.observers.client.Subscribe(ctx, from, options) {
		if err != nil {
			f.observers.fault("follow: %v", err)
			return
		}
		switch n := n.(type) {
		case client.Event:
			f.apply(n)
		case client.Reset:
			f.mu.Lock()
			f.resets++
			f.mu.Unlock()
			return
		}
	}
}

func (f *follower) apply(e client.Event) {
	f.observers.saw(e.Position, e.Type, e.Task.ID)
	f.mu.Lock()
	defer f.mu.Unlock()
	if next := (task.Position{Epoch: f.at.Epoch, Seq: f.at.Seq + 1}); e.Position != next {
		f.observers.fault("event %s where %s was due", e.Position, next)
	}
	f.at = e.Position
	if e.Type == task.Deleted {
		delete(f.tasks, e.Task.ID)
	} else {
		f.tasks[e.Task.ID] = e.Task
	}
}
