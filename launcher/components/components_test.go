package components_test

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"strings"
	"sync"
	"testing"

	"go.uber.org/goleak"

	"taskctl/launcher/components"
	"taskctl/pkg/client"
	"taskctl/pkg/config"
	"taskctl/pkg/consumer"
	"taskctl/pkg/message"
	"taskctl/pkg/task"
	"taskctl/pkg/wait/waittest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// terminal is where a component that is run by hand writes.
type terminal struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (o *terminal) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(p)
}

func (o *terminal) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

// run runs a component by hand until the test ends.
func run(t *testing.T, component func(context.Context, components.Env) error) *terminal {
	t.Helper()
	out := &terminal{}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		ended <- component(ctx, components.Env{
			Stdout: out, Stderr: out, Lang: message.English, Version: "test", Getenv: func(string) string { return "" },
		})
	}()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("it returned %v\n%s", err, out)
		}
	})
	return out
}

func prints(t *testing.T, out *terminal, text string) {
	t.Helper()
	waittest.For(t, fmt.Sprintf("%q", text), func() bool { return strings.Contains(out.String(), text) })
}

// freeAddr is an address that was free a moment ago: the three have to agree on it
// before any of them listens.
func freeAddr(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// TestThreeTerminals runs each component by hand, in the order in which each has
// to wait for the next.
func TestThreeTerminals(t *testing.T) {
	cfg := config.Default()
	cfg.Dir = t.TempDir()
	cfg.API.Addr, cfg.WSServer.Addr = freeAddr(t), freeAddr(t)
	consumerOut := run(t, func(ctx context.Context, env components.Env) error {
		return components.RunConsumer(ctx, cfg, consumer.Config{}, env)
	})
	prints(t, consumerOut, cfg.WSServer.Addr)
	apiOut := run(t, func(ctx context.Context, env components.Env) error { return components.RunAPI(ctx, cfg, env) })
	prints(t, apiOut, message.English.ReadyByHand(config.API))
	prints(t, apiOut, message.English.APIWaiting(cfg.WebSocket()))
	wsOut := run(t, func(ctx context.Context, env components.Env) error { return components.RunWSServer(ctx, cfg, env) })
	prints(t, wsOut, message.English.ReadyByHand(config.WSServer))
	prints(t, wsOut, message.English.ListeningOn(cfg.WSServer.Addr))
	prints(t, apiOut, message.English.APILinked(cfg.WebSocket()))
	prints(t, consumerOut, message.English.ReadyByHand(config.Consumer))

	c, err := client.New(client.Config{BaseURL: cfg.APIURL(), WebSocketURL: cfg.WebSocket()})
	if err != nil {
		t.Fatal(err)
	}
	defer c.CloseIdleConnections()
	if _, err := c.Create(t.Context(), client.Values{Title: "by hand"}); err != nil {
		t.Fatal(err)
	}
	prints(t, consumerOut, "by hand")
}

func TestNotedPosition(t *testing.T) {
	at := task.Position{Epoch: "0123456789abcdef", Seq: 7}
	if got, ok := components.NotedPosition("seen " + at.String()); !ok || got != at {
		t.Errorf("%v, %t", got, ok)
	}
	for _, note := range []string{"", "seen", "seen x", "heard " + at.String()} {
		if got, ok := components.NotedPosition(note); ok {
			t.Errorf("%q is taken for the position %v", note, got)
		}
	}
}
