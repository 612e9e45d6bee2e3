//go:build unix && !linux

package launcher

import "golang.org/x/sys/unix"

// dupOver makes newfd another descriptor of oldfd's file.
func dupOver(oldfd, newfd int) error { return unix.Dup2(oldfd, newfd) }
