//go:build !linux

package main

import "context"

// inOwnSession does the work in this session: see lowerPriority.
func (*program) inOwnSession(_ context.Context, work func() error) error { return work() }

// lowerPriority changes nothing: this is done on Linux only.
func lowerPriority() {}
