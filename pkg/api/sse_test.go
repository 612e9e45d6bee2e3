package api

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"

	"taskctl/pkg/task"
)

// testTimeout bounds what is waited for; nothing here needs a tenth of it.
const testTimeout = time.Minute

// sse is an event stream as a browser reads it.
type sse struct {
	t      testing.TB
	resp   *http.Response
	lines  *bufio.Scanner
	lastID string

	opening sseEvent
}

type sseEvent struct {
	id, event, data, comment string
	retry                    string
}

// subscribe opens a stream; it is closed at the end of the test.
func (s *service) subscribe(query string, headers ...string) *sse {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), testTimeout)
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, s.base+"/events"+query, nil)
	if err != nil {
		s.t.Fatal(err)
	}
	r.Header.Set("Accept", "text/event-stream")
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	resp, err := s.client.Do(r)
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() {
		cancel()
		_ = resp.Body.Close()
	})
	if resp.StatusCode != http.StatusOK {
		body, _ := io.ReadAll(resp.Body)
		s.t.Fatalf("stream: %d %s", resp.StatusCode, body)
	}
	if got := resp.Header.Get("Content-Type"); got != "text/event-stream" {
		s.t.Errorf("Content-Type %q", got)
	}
	stream := &sse{t: s.t, resp: resp, lines: bufio.NewScanner(resp.Body)}
	stream.lines.Buffer(nil, 1<<20)
	opening := stream.next()
	if opening.id == "" || (opening.data != "") != (opening.event == "reset") || opening.retry != "1000" {
		s.t.Errorf("the stream opens with %+v", opening)
	}
	stream.opening = opening
	if opening.id != resp.Header.Get("Taskctl-Position") {
		s.t.Errorf("opens at %s, header says %s", opening.id, resp.Header.Get("Taskctl-Position"))
	}
	return stream
}

// next reads up to the next blank line.
func (s *sse) next() sseEvent {
	s.t.Helper()
	e, ok := s.read()
	if !ok {
		s.t.Fatalf("the stream ended: %v", s.lines.Err())
	}
	return e
}

func (s *sse) read() (e sseEvent, ok bool) {
	for s.lines.Scan() {
		line := s.lines.Text()
		if line == "" {
			return e, true
		}
		name, value, _ := strings.Cut(line, ":")
		value = strings.TrimPrefix(value, " ")
		switch name {
		case "":
			e.comment = value
		case "id":
			e.id, s.lastID = value, value
		case "event":
			e.event = value
		case "data":
			e.data += value
		case "retry":
			e.retry = value
		default:
			s.t.Errorf("line %q", line)
		}
	}
	return e, false
}

// event reads the next event and checks that it is whole.
func (s *sse) event() (sseEvent, seenEvent) {
	s.t.Helper()
	e := s.next()
	for e.comment != "" {
		e = s.next()
	}
	var seen seenEvent
	if err := json.Unmarshal([]byte(e.data), &seen, json.RejectUnknownMembers(true)); err != nil {
		s.t.Fatalf("data %q: %v", e.data, err)
	}
	if e.event != seen.Type || !strings.HasSuffix(e.id, fmt.Sprintf(":%d", seen.Seq)) {
		s.t.Errorf("event %+v", e)
	}
	return e, seen
}

// seenEvent is an event as clients see it.
type seenEvent struct {
	Type      string    `json:"type"`
	Task      task.Task `json:"task"`
	Timestamp time.Time `json:"timestamp"`
	Seq       uint64    `json:"seq"`
}

type seenEvents struct {
	Events []seenEvent `json:"events"`
	Seq    uint64      `json:"seq"`
	Epoch  string      `json:"epoch"`
}
