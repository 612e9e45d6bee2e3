//go:build !unix

package listen

// MaxOpenFiles returns how many descriptors this process may have; 0 if that is unknown.
func MaxOpenFiles() int { return 0 }
