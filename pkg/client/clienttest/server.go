// Package clienttest is a small taskctl in memory, for tests of programs that use
// package client. It has the API and the notifications on one address, and can simulate
// failures.
package clienttest

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"taskctl/pkg/task"
)

// Server is a taskctl in memory. Its methods may be called from any goroutine.
type Server struct {
	http *httptest.Server

	mu      sync.Mutex
	epoch   string
	first   uint64 // the oldest event
	events  []task.Event
	tasks   []task.Task         // oldest first
	answers map[string]recorded // by Idempotency-Key
	grown   chan struct{}       // closed and replaced when there is a new event
	streams map[*stream]struct{}
	script  Script
	writes  int
}

// Script simulates failures. Its functions are called one at a time; a nil function
// causes none.
type Script struct {
	// Request is called with each request of the API before it is carried out. If it
	// returns true, it has answered, and the request is not carried out.
	Request func(w http.ResponseWriter, r *http.Request) bool
	// Lose reports whether to drop the answer to a request that was carried out.
	Lose func(r *http.Request) bool
	// Upgrade is called with each handshake. If it returns true, it has answered.
	Upgrade func(w http.ResponseWriter, r *http.Request) bool
	// Send decides what happens to the event number sent of one connection.
	Send func(sent int, e task.Event) Fate
}

// Fate is what happens to an event before it is sent.
type Fate struct {
	Skip   bool   // the event is not sent
	Repeat bool   // the event is sent twice
	Code   int    // the connection is closed with this code instead; 1006: without a close frame
	Reason string // of the close
}

// New starts a server that ends with the test.
func New(tb testing.TB) *Server {
	tb.Helper()
	s := Open()
	tb.Cleanup(s.Close)
	return s
}

// Open starts a server, for examples; tests use New.
func Open() *Server {
	s := &Server{
		epoch:   "e" + strings.ReplaceAll(uuid.NewString(), "-", "")[:8],
		first:   1,
		answers: map[string]recorded{},
		grown:   make(chan struct{}),
		streams: map[*stream]struct{}{},
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/", s.serveAPI)
	mux.HandleFunc("/ws", s.serveWebSocket)
	s.http = httptest.NewServer(mux)
	return s
}

// Close closes every connection and stops listening.
func (s *Server) Close() {
	s.CloseStreams(1006, "")
	s.http.Close()
}

// URL is the URL of the API.
func (s *Server) URL() string { return s.http.URL }

// WebSocketURL is the URL of the notifications.
func (s *Server) WebSocketURL() string {
	return "ws" + strings.TrimPrefix(s.http.URL, "http") + "/ws"
}

// Play makes sc the script from now on.
func (s *Server) Play(sc Script) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.script = sc
}

// Head is the head of the log.
func (s *Server) Head() task.Position {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.head()
}

func (s *Server) head() task.Position {
	return task.Position{Epoch: s.epoch, Seq: s.first - 1 + uint64(len(s.events))}
}

// Writes is the number of writes that were carried out, without repeated requests.
func (s *Server) Writes() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.writes
}

// Add creates n tasks with numbered titles, and returns the position after them.
func (s *Server) Add(n int) task.Position {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.add(n)
	return s.head()
}

func (s *Server) add(n int) {
	for range n {
		s.create(task.Task{Title: fmt.Sprintf("task %d", s.head().Seq+1)})
	}
}

// AddTask creates one task with these values.
func (s *Server) AddTask(title, description string) task.Task {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.create(task.Task{Title: title, Description: description})
}

// Forget removes the events up to seq, as retention does.
func (s *Server) Forget(seq uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := min(int(seq+1-s.first), len(s.events))
	s.events, s.first = s.events[n:], s.first+uint64(n)
}

// Replace replaces the log by another one with n events. Connected clients get a reset.
func (s *Server) Replace(epoch string, n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.epoch, s.first, s.events, s.tasks = epoch, 1, nil, nil
	s.add(n)
	s.wake()
}

func (s *Server) create(t task.Task) task.Task {
	id, err := uuid.NewV7()
	if err != nil {
		panic(err) // the system has no randomness
	}
	t.ID = id.String()
	t.CreatedAt = task.Timestamp(time.Now())
	t.UpdatedAt = t.CreatedAt
	s.tasks = append(s.tasks, t)
	s.record(task.Created, &s.tasks[len(s.tasks)-1])
	return s.tasks[len(s.tasks)-1]
}

// record appends the event of a change and wakes the streams.
func (s *Server) record(kind task.EventType, t *task.Task) {
	t.Version = s.head().Seq + 1
	s.events = append(s.events, task.Event{
		Seq: t.Version, Type: kind, TaskID: t.ID, Time: t.UpdatedAt, Task: t.AppendJSON(nil),
	})
	s.wake()
}

func (s *Server) wake() {
	close(s.grown)
	s.grown = make(chan struct{})
}
