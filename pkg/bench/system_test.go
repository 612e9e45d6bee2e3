package bench

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"
)

// system is a small taskctl that can simulate failures.
type system struct {
	http *httptest.Server

	mu      sync.Mutex
	tasks   map[string]bool
	created int
	asked   map[string]int // requests by method
	frames  [][]byte       // event seq is frames[seq-1]
	clients []net.Conn

	fail func(n int) int                                  // status of the n-th request, 0: as it should be
	send func(client int, seq int, frame []byte) [][]byte // what a client gets instead of a frame
}

func newSystem(t *testing.T) *system {
	s := &system{tasks: map[string]bool{}, asked: map[string]int{}}
	s.http = httptest.NewServer(s)
	t.Cleanup(func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		for _, c := range s.clients {
			_ = c.Close()
		}
		s.http.Close()
	})
	return s
}

func (s *system) target() Target {
	return Target{API: []string{s.http.URL}, WebSocket: []string{"ws" + strings.TrimPrefix(s.http.URL, "http")}, Token: "secret"}
}

func (s *system) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if r.Header.Get("Authorization") != "Bearer secret" || r.Host != s.http.Listener.Addr().String() {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	if r.Header.Get("Upgrade") == "websocket" {
		s.connect(w, r)
		return
	}
	s.asked[r.Method]++
	if s.fail != nil {
		if status := s.fail(s.asked[r.Method]); status != 0 {
			http.Error(w, "as ordered", status)
			return
		}
	}
	task := strings.TrimPrefix(r.URL.Path, "/tasks/")
	if r.Method != http.MethodPost && r.URL.Path != "/tasks" && !s.tasks[task] {
		http.NotFound(w, r)
		return
	}
	switch r.Method {
	case http.MethodPost, http.MethodPut, http.MethodPatch:
		s.write(w, r, task)
	case http.MethodDelete:
		delete(s.tasks, task)
		w.WriteHeader(http.StatusNoContent)
	default:
		w.Header().Set("Taskctl-Position", fmt.Sprint("epoch:", len(s.frames)))
		fmt.Fprint(w, `{"tasks":[]}`)
	}
}

func (s *system) write(w http.ResponseWriter, r *http.Request, task string) {
	var body struct{ Title, Description string }
	if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	kind, status := "task_updated", http.StatusOK
	if r.Method == http.MethodPost {
		s.created++
		task = fmt.Sprintf("00000000-0000-7000-8000-%012d", s.created)
		s.tasks[task] = true
		kind, status = "task_created", http.StatusCreated
	}
	seq := len(s.frames) + 1
	frame := appendFrame(nil, opText, fmt.Appendf(nil, `{"type":%q,"task":{"id":%q,"title":%q,"description":%q},"seq":%d}`, kind, task, body.Title, body.Description, seq))
	s.frames = append(s.frames, frame)
	for i, c := range s.clients {
		s.waitForDelivery(c, i, seq)
	}
	w.Header().Set("Location", "tasks/"+task)
	w.Header().Set("Taskctl-Position", fmt.Sprint("epoch:", seq))
	w.WriteHeader(status)
}

func (s *system) waitForDelivery(c net.Conn, client, seq int) {
	frames := [][]byte{s.frames[seq-1]}
	if s.send != nil {
		frames = s.send(client, seq, frames[0])
	}
	for _, f := range frames {
		_, _ = c.Write(f)
	}
}

func (s *system) connect(w http.ResponseWriter, r *http.Request) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return
	}
	since := len(s.frames)
	if text := r.URL.Query().Get("since"); text != "" {
		_, _ = fmt.Sscan(text, &since)
	}
	hello := []byte("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n")
	hello = appendFrame(hello, opText, fmt.Appendf(nil, `{"type":"connected","message":"hello","clients":1,"seq":%d,"epoch":"epoch","resumed":false}`, since))
	_, _ = conn.Write(append(hello, appendFrame(nil, opPing, []byte("are you there"))...))
	for seq := since + 1; seq <= len(s.frames); seq++ {
		s.waitForDelivery(conn, len(s.clients), seq)
	}
	s.clients = append(s.clients, conn)
}

func (s *system) left() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.tasks)
}

// newPeer serves a peer in this process.
func newPeer(t *testing.T) *Peer {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- ServePeer(ctx, l) }()
	t.Cleanup(func() {
		cancel()
		if err := <-served; err != nil {
			t.Error(err)
		}
	})
	return &Peer{Addr: l.Addr().String()}
}

// enough is longer than any of these tests takes.
const enough = time.Minute
