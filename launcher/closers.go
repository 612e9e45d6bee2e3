package launcher

import (
	"errors"
	"fmt"
)

// closers is what was opened, in order, to be closed in reverse.
type closers struct {
	stack []closer
}

type closer struct {
	name  string
	close func() error
}

// add registers a closer; call it on the line after the thing exists.
func (c *closers) add(name string, close func() error) {
	c.stack = append(c.stack, closer{name, close})
}

// closeAll closes everything once, last opened first, and joins the errors.
func (c *closers) closeAll() error {
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
