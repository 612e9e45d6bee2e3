package lifecycle_test

import (
	"context"
	"errors"
	"slices"
	"testing"

	"taskctl/launcher/lifecycle"
)

func TestClosers(t *testing.T) {
	var c lifecycle.Closers
	var closed []string
	failure := errors.New("busy")
	for _, name := range []string{"first", "second", "third"} {
		c.Add(name, func() error {
			closed = append(closed, name)
			if name == "second" {
				return failure
			}
			return nil
		})
	}
	if err := c.CloseAll(); !errors.Is(err, failure) || err.Error() != "close second: busy" {
		t.Errorf("the error is %v", err)
	}
	if err := c.CloseAll(); err != nil || !slices.Equal(closed, []string{"third", "second", "first"}) {
		t.Errorf("closed %q, then %v", closed, err)
	}
}

func TestUnlessCancelled(t *testing.T) {
	failure := errors.New("broken")
	cancelled, cancel := context.WithCancel(t.Context())
	if err := lifecycle.UnlessCancelled(cancelled, context.Canceled); err == nil {
		t.Error("the context has not ended, so its error came from elsewhere")
	}
	cancel()
	if err := lifecycle.UnlessCancelled(cancelled, context.Canceled); err != nil {
		t.Error(err)
	}
	if err := lifecycle.UnlessCancelled(cancelled, failure); !errors.Is(err, failure) {
		t.Errorf("another error was dropped: %v", err)
	}
}

// The first to return ends the others, and every error is kept.
func TestGroup(t *testing.T) {
	first, second := errors.New("first"), errors.New("second")
	var g lifecycle.Group
	g.Add(t.Context(), func(context.Context) error { return first })
	g.Add(context.WithoutCancel(t.Context()), func(ctx context.Context) error {
		<-ctx.Done()
		return second
	})
	g.Add(t.Context(), func(ctx context.Context) error {
		<-ctx.Done()
		return nil
	})
	if err := g.Run(); !errors.Is(err, first) || !errors.Is(err, second) {
		t.Errorf("Run returned %v", err)
	}
}
