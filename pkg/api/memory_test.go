package api

import (
	"context"
	"sort"
	"strings"
	"sync"
	"time"

	"github.com/taskctl/taskctl/pkg/task"
)

type memory struct {
	mu     sync.Mutex
	tasks  map[string]task.Task
	events []task.Event
	keys   map[string]task.Result
	prints map[string][32]byte
	pub    task.Publisher
}

func (m *memory) head() task.Position {
	return task.Position{Epoch: "memory", Seq: uint64(len(m.events))}
}
func (m *memory) Close() error { return nil }
func (m *memory) Bounds(context.Context) (uint64, task.Position, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return 1, m.head(), nil
}
func (m *memory) Read(_ context.Context, after task.Position, limit int) ([]task.Event, task.Position, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if after.Epoch != "" && after.Epoch != "memory" {
		return nil, m.head(), &task.GoneError{Reason: task.GoneEpoch, Head: m.head()}
	}
	if after.Seq > uint64(len(m.events)) {
		return nil, m.head(), &task.GoneError{Reason: task.GoneAhead, Head: m.head()}
	}
	ev := m.events[after.Seq:]
	if len(ev) > limit {
		ev = ev[:limit]
	}
	return append([]task.Event(nil), ev...), m.head(), nil
}
func (m *memory) Get(_ context.Context, id string) (task.Task, task.Position, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	t, ok := m.tasks[id]
	if !ok {
		return t, m.head(), task.ErrNotFound
	}
	return t, m.head(), nil
}
func (m *memory) List(_ context.Context, q task.Query) (task.Page, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	p := task.Page{Position: m.head()}
	if q.Cursor != "" && len(q.Cursor) != 36 {
		return p, task.Invalid("cursor", "is not one of ours")
	}
	for _, t := range m.tasks {
		if (q.Completed == nil || *q.Completed == t.Completed) && (q.Cursor == "" || t.ID < q.Cursor) && strings.Contains(strings.ToLower(t.Title+"\x00"+t.Description), strings.ToLower(q.Contains)) {
			p.Tasks = append(p.Tasks, t)
		}
	}
	sort.Slice(p.Tasks, func(i, j int) bool { return p.Tasks[i].ID > p.Tasks[j].ID })
	if len(p.Tasks) > q.Limit {
		p.Tasks = p.Tasks[:q.Limit]
		p.Next = p.Tasks[q.Limit-1].ID
	}
	return p, nil
}
func (m *memory) Write(_ context.Context, c task.Change) (task.Result, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if c.Key.Key != "" {
		if r, ok := m.keys[c.Key.Key]; ok {
			if m.prints[c.Key.Key] != c.Key.Fingerprint {
				return task.Result{}, task.ErrKeyReused
			}
			r.Replayed = true
			return r, nil
		}
	}
	now := task.Timestamp(time.Now())
	t, ok := m.tasks[c.ID]
	if c.Kind == task.Create {
		t = task.Task{ID: c.ID, CreatedAt: now, UpdatedAt: now}
	} else if !ok {
		return task.Result{Position: m.head()}, task.ErrNotFound
	}
	if c.IfMatch != nil {
		found := false
		for _, v := range c.IfMatch {
			found = found || v == t.Version
		}
		if !found {
			return task.Result{Position: m.head()}, task.ErrVersion
		}
	}
	if err := c.Guard.Check(t); err != nil {
		return task.Result{}, err
	}
	changed := true
	if c.Kind != task.Delete {
		t, changed = c.Patch.Apply(t)
	}
	changed = changed || c.Kind == task.Create
	if changed {
		t.Version = uint64(len(m.events) + 1)
		typ := task.Updated
		switch c.Kind {
		case task.Create:
			typ = task.Created
		case task.Delete:
			typ = task.Deleted
		}
		m.events = append(m.events, task.Event{Seq: t.Version, Type: typ, TaskID: t.ID, Time: now, Task: t.AppendJSON(nil)})
		m.tasks[t.ID] = t
		if c.Kind == task.Delete {
			delete(m.tasks, t.ID)
		}
		if m.pub != nil {
			m.pub.Publish("memory", m.events[len(m.events)-1:])
		}
	}
	r := task.Result{Task: t, JSON: t.AppendJSON(nil), Position: m.head(), Changed: changed}
	if c.Key.Key != "" {
		m.keys[c.Key.Key] = r
		m.prints[c.Key.Key] = c.Key.Fingerprint
	}
	return r, nil
}

func newMemory(pub task.Publisher) *memory {
	return &memory{tasks: map[string]task.Task{}, keys: map[string]task.Result{}, prints: map[string][32]byte{}, pub: pub}
}
