//go:build !linux

package supervisor

// Usage is measured on Linux only.
func (s *Supervisor) Usage() map[string]Usage { return nil }
