package launcher

import "golang.org/x/sys/unix"

// dupOver makes newfd another descriptor of oldfd's file.
func dupOver(oldfd, newfd int) error { return unix.Dup3(oldfd, newfd, 0) }
