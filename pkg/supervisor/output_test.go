package supervisor

import (
	"context"
	"io"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"taskctl/pkg/supervisor/child"
)

// full is a log on a full disk: it blocks until it is released.
type full struct{ letGo chan struct{} }

func (f full) Write(p []byte) (int, error) { return len(p), nil }
func (f full) Close() error                { <-f.letGo; return nil }

func TestALogThatTakesNothingHoldsUpNoEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := full{make(chan struct{})}
		gone := make(chan struct{})
		instance, err := Func{
			Output: func(string) io.WriteCloser { return log },
			Run:    func(ctx context.Context, _ *child.Handle) error { <-ctx.Done(); return nil },
		}.Start(t.Context(), Generation{Component: "consumer", Logger: slog.New(slog.DiscardHandler), Emit: func(e Event) {
			if e.Kind == Gone {
				close(gone)
			}
		}})
		if err != nil {
			t.Fatal(err)
		}
		instance.Send(Stop)
		select {
		case <-gone:
		case <-time.After(2 * flushTimeout):
			t.Error("the function has returned, and is not gone")
		}
		close(log.letGo)
	})
}
