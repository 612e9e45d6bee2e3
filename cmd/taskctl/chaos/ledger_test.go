//go:build linux

package chaos

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"taskctl/pkg/task"
)

// ledger creates tasks and records the acknowledged ones.
type ledger struct {
	http *http.Client
	url  string

	mu       sync.Mutex
	sent     int
	writes   []acknowledged
	finished int // number of acknowledged writes
}

// acknowledged is a task that was created.
type acknowledged struct {
	title    string
	position task.Position
	at       time.Time
}

func (l *ledger) run(ctx context.Context) {
	for ctx.Err() == nil {
		if err := l.create(ctx); err != nil {
			pause(ctx, 10*time.Millisecond)
		}
	}
}

func (l *ledger) create(ctx context.Context) error {
	l.mu.Lock()
	l.sent++
	title := fmt.Sprintf("task %d", l.sent)
	l.mu.Unlock()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, l.url, strings.NewReader(object(map[string]any{"title": title})))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	res, err := l.http.Do(req)
	if err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, res.Body)
	if err = errors.Join(err, res.Body.Close()); err != nil {
		return err
	}
	if res.StatusCode != http.StatusCreated {
		return errors.New(res.Status)
	}
	position, err := task.ParsePosition(res.Header.Get("Taskctl-Position"))
	if err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.finished++
	l.writes = append(l.writes, acknowledged{title: title, position: position, at: time.Now()})
	return nil
}

func (l *ledger) count() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.finished
}

// since returns how many writes were acknowledged after a moment.
func (l *ledger) since(at time.Time) (n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, w := range slices.Backward(l.writes) {
		if w.at.Before(at) {
			break
		}
		n++
	}
	return n
}

func (l *ledger) all() []acknowledged {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.writes)
}

// forget drops those of the first n writes that belong to other epochs, because they
// have been checked.
func (l *ledger) forget(epoch string, n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	kept := slices.DeleteFunc(slices.Clone(l.writes[:n]), func(w acknowledged) bool { return w.position.Epoch != epoch })
	l.writes = append(kept, l.writes[n:]...)
}
