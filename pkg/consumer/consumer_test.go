package consumer_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"taskctl/pkg/client"
	"taskctl/pkg/client/clienttest"
	"taskctl/pkg/consumer"
	"taskctl/pkg/message"
	"taskctl/pkg/task"
)

func TestMain(m *testing.M) {
	if text := os.Getenv(childVariable); text != "" {
		var c child
		if err := errors.Join(json.Unmarshal([]byte(text), &c), c.run()); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	goleak.VerifyTestMain(m)
}

// output is a stream that a test reads while it is written.
type output struct {
	mu    sync.Mutex
	text  bytes.Buffer
	grown chan struct{}
}

func newOutput() *output { return &output{grown: make(chan struct{}, 1)} }

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	select {
	case o.grown <- struct{}{}:
	default:
	}
	return o.text.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

// wait returns once the stream holds text.
func (o *output) wait(t *testing.T, text string) {
	t.Helper()
	deadline := time.After(20 * time.Second)
	for !strings.Contains(o.String(), text) {
		select {
		case <-o.grown:
		case <-deadline:
			t.Fatalf("%q is not in:\n%s", text, o)
		}
	}
}

// running is a consumer that runs until the test ends or stop is called.
type running struct {
	t              *testing.T
	stdout, stderr *output
	ready          <-chan struct{}
	cancel         context.CancelFunc
	done           chan error
	reportSeen     chan task.Position
}

func start(t *testing.T, s *clienttest.Server, cfg consumer.Config, lang message.Lang) *running {
	t.Helper()
	return startAt(t, s.WebSocketURL(), cfg, lang)
}

func startAt(t *testing.T, url string, cfg consumer.Config, lang message.Lang) *running {
	t.Helper()
	c, err := client.New(client.Config{WebSocketURL: url})
	if err != nil {
		t.Fatal(err)
	}
	r := &running{t: t, stdout: newOutput(), stderr: newOutput(), done: make(chan error, 1), reportSeen: make(chan task.Position, 1000)}
	con, err := consumer.New(cfg, consumer.Deps{
		Client: c, Stdout: r.stdout, Stderr: r.stderr, Lang: lang, Logger: slog.New(slog.DiscardHandler),
		Seen: func(p task.Position) { r.reportSeen <- p },
	})
	if err != nil {
		t.Fatal(err)
	}
	var ctx context.Context
	ctx, r.cancel = context.WithCancel(t.Context())
	r.ready = con.Ready()
	go func() { r.done <- con.Run(ctx) }()
	t.Cleanup(r.cancel)
	return r
}

// stop ends the consumer as Ctrl+C does.
func (r *running) stop() {
	r.t.Helper()
	r.cancel()
	if err := <-r.done; err != nil {
		r.t.Errorf("Run: %v", err)
	}
}

// until waits until the consumer has seen p.
func (r *running) until(p task.Position) {
	r.t.Helper()
	deadline := time.After(20 * time.Second)
	for {
		select {
		case <-deadline:
			r.t.Fatalf("never saw %s\n%s", p, r.stderr)
		case at := <-r.reportSeen:
			if at.Epoch == p.Epoch && at.Seq >= p.Seq {
				return
			}
		case err := <-r.done:
			r.t.Fatalf("Run ended before %s: %v\n%s", p, err, r.stderr)
		}
	}
}

func TestLinesForPeople(t *testing.T) {
	s := clienttest.New(t)
	r := start(t, s, consumer.Config{}, message.Spanish)
	<-r.ready
	made := s.AddTask("Prueba \x1b[31m\u202eWebSocket\n", "")
	r.until(s.Head())
	r.stop()
	want := fmt.Sprintf("%s #1 creada      %s  Prueba \\x1b[31m\\u202eWebSocket\\x0a\n",
		task.AppendTime(nil, made.CreatedAt), made.ID)
	if got := r.stdout.String(); got != want {
		t.Errorf("stdout:\n%q, want\n%q", got, want)
	}
	want = "Consumidor de notificaciones de tareas: conectando a " + s.WebSocketURL() + "\n" +
		"Conectado al servidor de notificaciones\nClientes conectados: 1\n"
	if got := r.stderr.String(); got != want {
		t.Errorf("stderr:\n%s, want\n%s", got, want)
	}
}

func TestCheckpointGoesOnWhereItWas(t *testing.T) {
	s := clienttest.New(t)
	cfg := consumer.Config{JSON: true, Output: filepath.Join(t.TempDir(), "events.jsonl")}
	for range 5 {
		s.Add(3) // while there is no consumer; the first three are from before its time
		r := start(t, s, cfg, message.English)
		<-r.ready
		r.until(s.Add(7))
		r.stop()
	}
	got, err := os.ReadFile(cfg.Output)
	if err != nil {
		t.Fatal(err)
	}
	checkSeqs(t, got, 4, 50)
}

// checkSeqs checks that lines are the events from first to last, each once.
func checkSeqs(t *testing.T, lines []byte, first, last uint64) {
	t.Helper()
	next := first
	for line := range bytes.Lines(lines) {
		if !bytes.HasSuffix(line, fmt.Appendf(nil, "\"seq\":%d}\n", next)) {
			t.Fatalf("line %q, want seq %d", line, next)
		}
		next++
	}
	if next != last+1 {
		t.Fatalf("the last line is %d, want %d", next-1, last)
	}
}

// A reader that has stopped reading, as a pager does, does not hold up the stop.
func TestStopDoesNotWaitForAReader(t *testing.T) {
	s := clienttest.New(t)
	c, err := client.New(client.Config{WebSocketURL: s.WebSocketURL()})
	if err != nil {
		t.Fatal(err)
	}
	unread, stdout := io.Pipe()
	con, err := consumer.New(consumer.Config{}, consumer.Deps{
		Client: c, Stdout: stdout, Stderr: io.Discard, Lang: message.English, Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- con.Run(ctx) }()
	<-con.Ready()
	s.Add(2)
	if _, err := unread.Read(make([]byte, 1)); err != nil { // the rest of the line waits
		t.Fatal(err)
	}
	cancel()
	select {
	case err := <-done:
		if err != nil {
			t.Errorf("Run: %v", err)
		}
	case <-time.After(20 * time.Second):
		t.Error("it does not stop")
	}
	_ = unread.Close()
}
