//go:build linux

// Package flood sends floods of connections and requests to a running system beside
// well-behaved clients, and checks that those are only slowed down: no component dies,
// no connected client is disconnected, no event is lost, new clients connect or get
// 503, and the memory is bounded.
package flood

import (
	"context"
	"flag"
	"fmt"
	"strconv"
	"strings"
	"testing"

	"taskctl/cmd/taskctl/e2etest"
)

var (
	duration = flag.Duration("flood.duration", 0, "how long each flood lasts; 0: there is none")
	files    = flag.String("flood.files", "1024", "limits of open files of the system, each is tried")
	settle   = flag.Duration("flood.settle", 0, "how long the memory is watched after each flood")
)

// maxMemory bounds the resident memory of a component during a flood, in bytes: the
// soft limit of the api's heap, and what is beside the heap.
const maxMemory = 640 << 20

// binary is the taskctl under test: the shipped one, built once.
var binary string

func TestMain(m *testing.M) { e2etest.Main(m, &binary) }

// flood is one kind of flood.
type flood struct {
	name    string
	options options // of the system
	attack  func(ctx context.Context, s *system, strangers int)
}

func floods() []flood {
	return []flood{
		{"half-open HTTP to the api", options{}, halfOpenAPI},
		{"half-open HTTP to wsserver", options{}, halfOpenWebSocket},
		{"silent TCP", options{}, silent},
		{"half a WebSocket frame", options{}, halfFrames},
		{"TLS handshakes begun and left", options{tls: true}, handshakes},
		{"one byte a second", options{}, drips},
		{"connections that never read", options{largeTasks: 300}, neverRead},
		{"1,000 event streams", options{}, eventStreams},
		{"64 connections that post without pause", options{}, posters},
		{"10,000 bad tokens a second", options{token: true}, badTokens},
	}
}

func TestFloods(t *testing.T) {
	if *duration == 0 {
		t.Skip("floods take all of the machine: run them with -flood.duration=1m")
	}
	for _, text := range strings.Split(*files, ",") {
		limit, err := strconv.Atoi(text)
		if err != nil {
			t.Fatalf("-flood.files: %v", err)
		}
		for _, f := range floods() {
			t.Run(fmt.Sprintf("%d files/%s", limit, f.name), func(t *testing.T) { withstand(t, f, limit) })
		}
	}
}

// withstand runs one flood against a system of its own.
func withstand(t *testing.T, f flood, limit int) {
	s := startSystem(t, limit, f.options)
	good := newGoodClients(t, s)
	good.warmUp(t)
	before := s.memory(t)
	peak := watchMemory(t, s)
	newcomers := newNewcomers(t, s)

	ctx, cancel := context.WithTimeout(t.Context(), *duration)
	defer cancel()
	// A half more than the system has descriptors.
	f.attack(ctx, s, min(limit+limit/2, ownConnections(t)))

	served := newcomers.end(t)
	during := peak.end()
	after := s.awaitMemory(t, before)
	made := good.end(t)
	s.check(t)
	for i, name := range s.names {
		if during[i] > maxMemory {
			t.Errorf("%s needed %d MB", name, during[i]>>20)
		}
	}
	t.Logf("| %s, %d | %s | %s | %s |", f.name, limit, made, served, s.memoryRow(before, during, after))
}
