// Package lifecycle helps the launcher and its components to open in order, close in
// reverse, and distinguish a failure from a requested stop.
package lifecycle

import (
	"context"
	"errors"
	"fmt"
)

// Closers lists opened things in order, to close them in reverse.
type Closers struct {
	stack []closer
}

type closer struct {
	name  string
	close func() error
}

// Add registers a closer; call it on the line after the thing exists.
func (c *Closers) Add(name string, close func() error) {
	c.stack = append(c.stack, closer{name, close})
}

// CloseAll closes everything once, last opened first, and joins the errors.
func (c *Closers) CloseAll() error {
	var errs []error
	for len(c.stack) > 0 {
		last := c.stack[len(c.stack)-1]
		c.stack = c.stack[:len(c.stack)-1]
		if err := last.close(); err != nil {
			errs = append(errs, fmt.Errorf("close %s: %w", last.name, err))
		}
	}
	return errors.Join(errs...)
}

// UnlessCancelled returns nil for an error that only says that ctx has ended, because
// then the stop was requested.
func UnlessCancelled(ctx context.Context, err error) error {
	if ctx.Err() != nil && errors.Is(err, ctx.Err()) {
		return nil
	}
	return err
}
