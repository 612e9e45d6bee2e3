package e2e

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"taskctl/pkg/wait/waittest"
)

// watcher is a WebSocket client that resumes as the protocol's description says.
type watcher struct {
	url string

	mu     sync.Mutex
	conn   *websocket.Conn
	epoch  string
	seq    uint64
	closes []websocket.CloseError
	faults []string
	done   bool
}

// watching connects a watcher at the head of the log.
func watching(t *testing.T, address string) *watcher {
	t.Helper()
	w := &watcher{url: address}
	if err := w.dial(""); err != nil {
		t.Fatal(err)
	}
	var over sync.WaitGroup
	over.Go(w.run)
	t.Cleanup(func() {
		w.mu.Lock()
		w.done = true
		_ = w.conn.Close()
		w.mu.Unlock()
		over.Wait()
	})
	return w
}

// dial connects and reads the welcome.
func (w *watcher) dial(since string) error {
	address := w.url
	if since != "" {
		address += "?since=" + url.QueryEscape(since)
	}
	conn, _, err := websocket.DefaultDialer.Dial(address, nil)
	if err != nil {
		return err
	}
	var welcome struct {
		Type    string
		Seq     uint64
		Epoch   string
		Resumed bool
	}
	if err := conn.ReadJSON(&welcome); err != nil {
		return err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if since == "" {
		w.seq = welcome.Seq
	} else if !welcome.Resumed {
		w.faults = append(w.faults, fmt.Sprintf("not resumed at %s: %+v", since, welcome))
	}
	w.conn, w.epoch = conn, welcome.Epoch
	return nil
}

func (w *watcher) run() {
	for {
		err := w.read()
		w.mu.Lock()
		var closed *websocket.CloseError
		if !errors.As(err, &closed) {
			closed = &websocket.CloseError{Code: websocket.CloseAbnormalClosure, Text: err.Error()}
		}
		if w.done {
			w.mu.Unlock()
			return
		}
		w.closes = append(w.closes, *closed)
		since := fmt.Sprintf("%s:%d", w.epoch, w.seq)
		w.mu.Unlock()
		if ms, err := strconv.Atoi(strings.TrimPrefix(closed.Text, "retry=")); err == nil {
			<-time.After(time.Duration(ms) * time.Millisecond) // what the server asked for
		}
		if err := w.dial(since); err != nil {
			w.mu.Lock()
			w.faults = append(w.faults, err.Error())
			w.mu.Unlock()
			return
		}
	}
}

// read takes messages until the connection ends.
func (w *watcher) read() error {
	for {
		_, data, err := w.conn.ReadMessage()
		if err != nil {
			return err
		}
		var m struct {
			Type string
			Seq  uint64
		}
		err = json.Unmarshal(data, &m)
		w.mu.Lock()
		switch {
		case err != nil || m.Type == "reset":
			w.faults = append(w.faults, string(data))
		case m.Type == "heartbeat":
		case m.Seq != w.seq+1:
			w.faults = append(w.faults, fmt.Sprintf("event %d after %d", m.Seq, w.seq))
			fallthrough
		default:
			w.seq = m.Seq
		}
		w.mu.Unlock()
	}
}

// caughtUp waits until the watcher has the event at a position, and returns how its
// connections ended so far. Any mistake that it has found fails the test.
func (w *watcher) caughtUp(t *testing.T, position string) []websocket.CloseError {
	t.Helper()
	_, text, _ := strings.Cut(position, ":")
	seq, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		t.Fatalf("position %q: %v", position, err)
	}
	waittest.For(t, "the watcher to have event "+text, func() bool {
		w.mu.Lock()
		defer w.mu.Unlock()
		return w.seq >= seq || len(w.faults) > 0
	})
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, fault := range w.faults {
		t.Errorf("the watcher saw: %s", fault)
	}
	return w.closes
}
