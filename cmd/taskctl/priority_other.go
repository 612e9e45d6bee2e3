//go:build !linux

package main

import "context"

// atLowestPriority does the work at the usual priority, because this system cannot lower
// the priority of a single thread.
func (*program) atLowestPriority(_ context.Context, work func() error) error { return work() }
