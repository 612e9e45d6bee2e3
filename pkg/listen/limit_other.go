//go:build !unix

package listen

// OpenFiles returns how many descriptors this process may have; 0: unknown.
func OpenFiles() int { return 0 }
