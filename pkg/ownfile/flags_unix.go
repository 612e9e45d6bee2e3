//go:build unix

package ownfile

import "golang.org/x/sys/unix"

// Flags make opening a symbolic link fail, and opening a FIFO not block.
const Flags = unix.O_NONBLOCK | unix.O_NOFOLLOW
