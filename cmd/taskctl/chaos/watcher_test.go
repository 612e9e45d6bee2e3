//go:build linux

package chaos

import (
	"context"
	"fmt"
	"net/url"
	"sync"
	"time"

	"github.com/gorilla/websocket"

	"taskctl/pkg/task"
)

// watcher is a WebSocket client that resumes after the last event it received, and
// drops its position only after a reset.
type watcher struct {
	url string

	mu     sync.Mutex
	at     task.Position
	titles map[task.Position]string // of every event that it was sent
	faults []error
	lines  []string // the last messages
}

// watcherLines is how many messages a watcher remembers.
const watcherLines = 30

func newWatcher(target string) *watcher {
	return &watcher{url: target, titles: make(map[task.Position]string)}
}

func (w *watcher) run(ctx context.Context) {
	for ctx.Err() == nil {
		w.follow(ctx)
		pause(ctx, reconnectDelay)
	}
}

func (w *watcher) follow(ctx context.Context) {
	dialer := websocket.Dialer{HandshakeTimeout: 5 * time.Second}
	query := url.Values{}
	w.mu.Lock()
	if w.at.Epoch != "" {
		query.Set("since", w.at.String())
	}
	w.mu.Unlock()
	conn, _, err := dialer.DialContext(ctx, w.url+"?"+query.Encode(), nil)
	if err != nil {
		return
	}
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	defer stop()
	defer func() { _ = conn.Close() }()
	for {
		_, raw, err := conn.ReadMessage()
		if err != nil {
			return
		}
		m, err := parseMessage(raw)
		w.mu.Lock()
		if err != nil {
			w.faults = append(w.faults, err)
		} else {
			w.take(m)
		}
		again := w.at.Epoch == ""
		w.mu.Unlock()
		if again {
			return
		}
	}
}

// take handles a message. After a reset the watcher starts over, with a new connection
// that tells the epoch.
func (w *watcher) take(m message) {
	w.lines = append(w.lines[max(0, len(w.lines)-watcherLines):], fmt.Sprintf("%.150s", m.raw))
	switch {
	case m.Type == "connected":
		if w.at.Epoch == "" {
			w.at = task.Position{Epoch: m.Epoch, Seq: m.Seq}
		}
	case m.Type == "reset":
		w.at = task.Position{}
	case m.Type.Valid():
		if m.Seq != w.at.Seq+1 {
			w.faults = append(w.faults, fmt.Errorf("event %d comes after %s", m.Seq, w.at))
		}
		w.at.Seq = m.Seq
		w.titles[w.at] = titleOf(m.Task)
	}
}

// check waits until the watcher has the last acknowledged event, and compares its
// events of that epoch with the log.
func (w *watcher) check(last task.Position, log map[uint64]string) error {
	for deadline := time.Now().Add(quietTimeout / 2); w.position().Epoch != last.Epoch || w.position().Seq < last.Seq; {
		if time.Now().After(deadline) {
			return fmt.Errorf("a client stands at %s, and %s was acknowledged", w.position(), last)
		}
		time.Sleep(time.Millisecond)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	for at, title := range w.titles {
		if want, there := log[at.Seq]; at.Epoch == last.Epoch && there && want != title {
			return fmt.Errorf("a client was sent %q as %s, which is %q", title, at, want)
		}
		if at.Epoch != last.Epoch {
			delete(w.titles, at)
		}
	}
	if len(w.faults) > 0 {
		return w.faults[0]
	}
	return nil
}

func (w *watcher) position() task.Position {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.at
}

func (w *watcher) recent() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return append([]string(nil), w.lines...)
}
