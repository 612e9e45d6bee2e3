package direct

import (
	"log/slog"
	"testing"

	"github.com/VictoriaMetrics/metrics"

	"taskctl/pkg/task"
)

// Without a link nothing is queued, and with one that does not read Publish still
// returns.
func TestPublishNeverBlocks(t *testing.T) {
	p, err := NewPublisher(Config{URL: "ws://localhost:1/", TokenFile: "none"}, metrics.NewSet(), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	p.Publish("e1", make([]task.Event, 3))
	if got := p.dropped.Get(); got != 3 || len(p.more) != 0 {
		t.Errorf("%d events dropped, %d notices", got, len(p.more))
	}
	p.up.Store(true)
	for range 1000 {
		p.Publish("e1", make([]task.Event, 2))
	}
	if p.pending.Load() != 2000 || len(p.more) != 1 {
		t.Errorf("%d events pending, %d notices; want 2000 and 1", p.pending.Load(), len(p.more))
	}
}
