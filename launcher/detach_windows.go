package launcher

import (
	"context"
	"errors"
	"io"
)

// Detach is not available: a Windows process has no session to leave.
func Detach(context.Context, string, []string, io.Writer, io.Writer, <-chan struct{}) (int, error) {
	return 0, errors.New("--detach is not available on Windows; use a service manager, or start /b")
}

// Detached is always nil here.
func Detached(func(string) string) func() error { return nil }
