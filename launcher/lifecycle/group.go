package lifecycle

import (
	"context"
	"errors"

	"github.com/oklog/run"
)

// Group runs functions side by side. When the first returns, the contexts of the
// others end, and Run waits for them.
type Group struct {
	actors run.Group
	errs   []error // of all functions; run.Group returns only the first
}

// Add adds a function, which has to return when its context ends. A function that must
// outlive ctx, to be the last to end, gets a context without cancellation.
func (g *Group) Add(ctx context.Context, execute func(context.Context) error) {
	ctx, cancel := context.WithCancel(ctx)
	i := len(g.errs)
	g.errs = append(g.errs, nil)
	g.actors.Add(func() error {
		defer cancel()
		g.errs[i] = execute(ctx)
		return g.errs[i]
	}, func(error) { cancel() })
}

// Run returns when every function has returned, with all their errors.
func (g *Group) Run() error {
	_ = g.actors.Run() // it is among errs
	return errors.Join(g.errs...)
}
