//go:build !linux

package bench

// useBatchScheduling returns false: this system has no such policy.
func useBatchScheduling() bool { return false }
