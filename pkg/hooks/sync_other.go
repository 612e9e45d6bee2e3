//go:build !unix

package hooks

// syncDir does nothing: this system does not sync directories.
func syncDir(string) error { return nil }
