//go:build unix

package listen

import (
	"net"

	"golang.org/x/sys/unix"
)

// hasUnread reports whether the client has sent something that was not read yet.
func (c *conn) hasUnread() (unread bool) {
	raw := Raw(Transport(c))
	if raw == nil {
		return false
	}
	_ = raw.Control(func(fd uintptr) {
		var b [1]byte
		n, _, err := unix.Recvfrom(int(fd), b[:], unix.MSG_PEEK|unix.MSG_DONTWAIT)
		unread = err == nil && n > 0
	})
	return unread
}

// writeAtOnce writes as much as the connection accepts without waiting.
func writeAtOnce(tcp *net.TCPConn, p []byte) {
	if raw := Raw(tcp); raw != nil {
		_ = raw.Control(func(fd uintptr) { _, _ = unix.Write(int(fd), p) })
	}
}
