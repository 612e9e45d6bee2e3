package launcher

import (
	"context"
	"errors"
)

// Detach is not available, because Windows has no sessions.
func Detach(context.Context, DetachOptions) (int, error) {
	return 0, errors.New("--detach is not available on Windows; use a service manager, or start /b")
}

// Detached is always nil on Windows.
func Detached(func(string) string) func() error { return nil }

// IsDetached is always false on Windows.
func IsDetached(func(string) string) bool { return false }
