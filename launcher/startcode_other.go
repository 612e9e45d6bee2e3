//go:build !linux

package launcher

// dropStartCode does nothing: these systems take unused code out of memory by themselves.
func dropStartCode() error { return nil }
