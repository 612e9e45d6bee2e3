// Package clienttest is a small taskctl in memory, for tests of programs that use
// package client: the API and the notifications on one address, and the faults
// that a test wants to see survived.
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
	"github.com/taskctl/taskctl/pkg/task"
)

// Server is a taskctl in memory. Its methods may be called from any goroutine.
type Server struct {
	http *httptest.Server

	mu      sync.Mutex
	epoch   string
	first   uint64 // the oldest event that is held
	events  []task.Event
	tasks   []task.Task         // oldest first
	answers map[string]recorded // by Idempotency-Key
	grown   chan struct{}       // closed and replaced when there is something new to send
	streams map[*stream]struct{}
	script  Script
	writes  int
}

// Script decides what goes wrong. Its functions are called one at a time; those
// that are nil let everything go well.
type Script struct {
	// Request sees each request of the API before it is carried out; true: the
	// answer is its business, and the request is not carried out.
	Request func(w http.ResponseWriter, r *http.Request) bool
	// Lose reports whether the answer to a request that was carried out is lost.
	Lose func(r *http.Request) bool
	// Upgrade sees each handshake; true: the answer is its business.
	Upgrade func(w http.ResponseWriter, r *http.Request) bool
	// Send decides what becomes of an event on its way to one connection, whose
	// sent-th event it is.
	Send func(sent int, e task.Event) Fate
}

// Fate is what becomes of an event on its way.
type Fate struct {
	Skip   bool   // it is left out
	Repeat bool   // it is sent twice
	Code   int    // the connection is closed with this code instead; 1006: cut off
	Reason string // of the close
}

// New starts a server that ends with the test.
func New(tb testing.TB) *Server {
	tb.Helper()
	s := Open()
	tb.Cleanup(s.Close)
	return s
}

// Open starts a server, for examples; tests have New.
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

// Close cuts every connection and stops listening.
func (s *Server) Close() {
	s.CloseStreams(1006, "")
	s.http.Close()
}

// URL is where the API is.
func (s *Server) URL() string { return s.http.URL }

// WebSocketURL is where the notifications are.
func (s *Server) WebSocketURL() string {
	return "ws" + strings.TrimPrefix(s.http.URL, "http") + "/ws"
}

// Play makes sc the script from here on.
func (s *Server) Play(sc Script) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.script = sc
}

// Head is where the log stands.
func (s *Server) Head() task.Position {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.head()
}

func (s *Server) head() task.Position {
	return task.Position{Epoch: s.epoch, Seq: s.first - 1 + uint64(len(s.events))}
}

// Writes is how many requests were carried out as a write, repeats not counted.
func (s *Server) Writes() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.writes
}

// Add makes n tasks, numbered in their titles, and returns the position after.
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

// AddTask makes one task with these values.
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

// Replace makes the server another database's, empty but for n events. Clients
// that are connected get a reset.
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
